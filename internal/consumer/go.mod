module github.com/cfimages/cfimages-go/internal/consumer

go 1.26

replace github.com/cfimages/cfimages-go => ../..

require (
	github.com/cfimages/cfimages-go v0.0.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)
