package main

import "net/http"

func main() {
	resp, err := http.Get("http://169.254.169.254/latest/meta-data/instance-id")
	_, _ = resp, err
}
