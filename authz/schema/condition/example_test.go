package condition_test

import (
	"fmt"
	"log"

	"github.com/writ-dev/writ/authz/schema/condition"
)

func ExampleTranslate() {
	cel, err := condition.Translate([]byte(`{"user.age": {"or": [{"between": [15, 18]}, {"greater-than": 40}]}}`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cel)
	// Output: ((has(user.age) && (user.age >= 15 && user.age <= 18)) || (has(user.age) && user.age > 40))
}
