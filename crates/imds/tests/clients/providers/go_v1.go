// What AWS's SDK for Go, version 1, finds on an instance.
package main

import (
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go/aws/ec2metadata"
	"github.com/aws/aws-sdk-go/aws/session"
)

func main() {
	chain := session.Must(session.NewSession())
	credentials, err := chain.Config.Credentials.Get()
	if err != nil {
		log.Fatal(err)
	}
	region, err := ec2metadata.New(chain).Region()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(credentials.ProviderName, credentials.AccessKeyID, region)
}
