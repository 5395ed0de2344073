module github.com/mbamplan/mbamplan

go 1.26
