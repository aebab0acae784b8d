package meta

import "net/http"

const base = "http://169.254.169.254/latest/meta-data/"

func Get(key string) (*http.Response, error) {
	return http.Get(base + key)
}
