module x

go 1.20

require (
	github.com/aws/aws-sdk-go v1.25.37
	github.com/aws/aws-sdk-go-v2 v0.24.0 // indirect
)
require github.com/pkg/errors v0.9.1
