package main

import "net/http"

var command = &cobra.Command{
	Short:   "Like curl http://169.254.169.254/latest/meta-data/",
	Example: `  curl http://169.254.169.254/latest/meta-data/`,
}

func main() { http.ListenAndServe(":80", nil) }
