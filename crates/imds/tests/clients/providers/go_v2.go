// What AWS's SDK for Go, version 2, finds on an instance.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

func main() {
	always := context.Background()
	chain, err := config.LoadDefaultConfig(always, config.WithEC2IMDSRegion())
	if err != nil {
		log.Fatal(err)
	}
	credentials, err := chain.Credentials.Retrieve(always)
	if err != nil {
		log.Fatal(err)
	}
	identity, err := imds.NewFromConfig(chain).GetInstanceIdentityDocument(always, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(credentials.Source, credentials.AccessKeyID, identity.Region)
}
