// Asks for the role's credentials with AWS's SDK for Go, version 2.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	always := context.Background()
	chain, err := config.LoadDefaultConfig(always, config.WithRegion("us-east-1"))
	if err != nil {
		log.Fatal(err)
	}
	credentials, err := chain.Credentials.Retrieve(always)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(credentials.AccessKeyID)
}
