package main

import "github.com/valyala/fasthttp"

func main() {
	_, b, _ := fasthttp.Get(nil, "http://169.254.169.254/latest/meta-data/instance-id")
	_ = b
}
