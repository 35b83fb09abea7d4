package synth_test

import (
	"fmt"
	"log"

	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

const hitCounter = `name: hitcounter
functions:
  counter:
    root: counter
    runtime: {lang: go}
    grants:
      - {store: hits, access: writeData}
stores:
  hits:
    key: path
`

func ExampleTemplate() {
	t, err := topology.Parse([]byte(hitCounter), "topology.yml", "")
	if err != nil {
		log.Fatal(err)
	}
	out, err := synth.Template(t, synth.Options{
		Sandbox: "dev",
		Assets:  map[string]synth.Asset{"counter": {Bucket: "assets", Key: "counter.zip"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range out.Statements {
		fmt.Printf("%s %s: %s (%s)\n", s.Policy, s.Sid, s.Edge, s.Position)
	}
	// Output:
	// CounterPolicy Logs: counter -> its own log (topology.yml:3:3)
	// CounterPolicy TableHits: counter -> store hits (writeData) (topology.yml:7:9)
}

func ExampleFix() {
	t, err := topology.Parse([]byte(hitCounter), "topology.yml", "")
	if err != nil {
		log.Fatal(err)
	}
	fix, ok := synth.Fix(t, "dev", "tc-hitcounter-counter-dev", "dynamodb:GetItem",
		"arn:aws:dynamodb:us-east-1:000000000000:table/hitcounter_hits_dev")
	fmt.Println(ok, fix.Summary)
	fmt.Println("after", fix.Position)
	fmt.Print(fix.Lines)
	// Output:
	// true grant function counter readData on store hits
	// after topology.yml:7:1
	//       - {store: hits, access: readData}
}
