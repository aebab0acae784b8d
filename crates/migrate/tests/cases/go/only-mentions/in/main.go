package main

import "log"

// http://169.254.169.254/latest/meta-data/
func main() {
	log.Println("http://169.254.169.254/latest/meta-data/ is blocked")
}
