package farm_test

import (
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/farm"
)
