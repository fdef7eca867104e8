// Command program runs one of the programs of servicestest, for images that hold nothing else.
package main

import "github.com/headgate-dev/headgate/services/servicestest"

func main() { servicestest.Main() }
