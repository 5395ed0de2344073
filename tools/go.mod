module github.com/mbamplan/mbamplan/tools

go 1.26
