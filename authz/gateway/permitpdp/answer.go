package permitpdp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// readAnswer reads {"allow": bool, ...}. encoding/json would take "ALLOW" for the name and the last of two; here the name
// stands once, to the letter.
func readAnswer(text []byte) (bool, error) {
	members, err := objectOf(text)
	if err != nil {
		return false, err
	}
	allow, err := boolOf(members, "allow")
	if err != nil {
		return false, err
	}
	if _, there := members["result"]; there { // the name of old: it says the same
		result, err := boolOf(members, "result")
		if err != nil {
			return false, err
		}
		if result != allow {
			return false, errors.New("`allow` and `result` contradict each other")
		}
	}
	return allow, nil
}

// readAnswers reads {"allow": [answer, ...]} with n of them.
func readAnswers(text []byte, n int) ([]bool, error) {
	members, err := objectOf(text)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(members["allow"], &list); err != nil {
		return nil, errors.New("`allow` is no list")
	}
	if len(list) != n {
		return nil, fmt.Errorf("it answers %d of %d questions", len(list), n)
	}
	all := make([]bool, n)
	for i, one := range list {
		if all[i], err = readAnswer(one); err != nil {
			return nil, fmt.Errorf("answer %d: %w", i+1, err)
		}
	}
	return all, nil
}

func boolOf(members map[string]json.RawMessage, name string) (bool, error) {
	switch string(members[name]) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "":
		return false, fmt.Errorf("it has no `%s`", name)
	}
	return false, fmt.Errorf("its `%s` is neither true nor false", name)
}

// objectOf reads one object and nothing after it, with no name twice.
func objectOf(text []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, errors.New("it is no JSON object")
	}
	members := map[string]json.RawMessage{}
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return nil, errors.New("it is no JSON")
		}
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("it says %.40q twice", name)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errors.New("it is no JSON")
		}
		members[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("it is no JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows it")
	}
	return members, nil
}
