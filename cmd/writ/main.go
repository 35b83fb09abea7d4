// Command writ holds every permission of a serverless system.
package main

import (
	"os"

	"github.com/writ-dev/writ/internal/cli"
)

func main() { os.Exit(cli.Main()) }
