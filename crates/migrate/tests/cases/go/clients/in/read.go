package main

import ("fmt"; "net/http"; "github.com/go-resty/resty/v2"; "os/exec")

func main() {
	for _, k := range []string{"instance-id", "ami-id"} {
		r, _ := http.Get(fmt.Sprintf("http://169.254.169.254/latest/meta-data/%s", k))
		_ = r
	}
	resty.New().R().Get("http://169.254.169.254/latest/meta-data/mac")
	out, _ := exec.Command("curl", "-s", "http://169.254.169.254/latest/meta-data/instance-id").Output()
	out, _ = exec.Command("sh", "-c", "curl -s http://169.254.169.254/latest/meta-data/instance-id").Output()
	_ = out
}
