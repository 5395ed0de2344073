module github.com/mbamplan/mbamplan/tools

go 1.26

require (
	github.com/tree-sitter/go-tree-sitter v0.25.0
	github.com/wharflab/tree-sitter-powershell v0.38.1
	gopkg.in/yaml.v3 v3.0.1
)

require github.com/mattn/go-pointer v0.0.1 // indirect
