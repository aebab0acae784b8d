package main

import "net/http"

func main() {
	endpoint := new(string)
	* endpoint = "http://169.254.169.254/latest/meta-data/instance-id"
	http.Get(*endpoint)
}
