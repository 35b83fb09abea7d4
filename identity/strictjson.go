package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// mostDepth is how deep objects and lists may be nested.
const mostDepth = 32

// object reads one JSON object in which no name stands twice (RFC 7519 §4 lets a reader refuse
// that; two readers could take a different one). Numbers become json.Number.
func object(text []byte) (map[string]any, error) {
	if !utf8.Valid(text) || !json.Valid(text) {
		return nil, errors.New("is not JSON")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := value(d, 0)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("is not a JSON object")
	}
	return o, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	if depth > mostDepth {
		return nil, fmt.Errorf("is nested deeper than %d levels", mostDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, errors.New("is not JSON")
	}
	switch t {
	case json.Delim('{'):
		return fields(d, depth)
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	return t, nil
}

func fields(d *json.Decoder, depth int) (any, error) {
	o := map[string]any{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, errors.New("is not JSON")
		}
		name, _ := t.(string)
		if _, twice := o[name]; twice {
			return nil, fmt.Errorf("has the name %s twice", shown(name))
		}
		if o[name], err = value(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return o, err
}

// plainNumbers replaces each json.Number below v by int64 or float64.
func plainNumbers(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return n, nil
		}
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return nil, fmt.Errorf("has the number %s, which is too large", shown(string(v)))
		}
		return f, nil
	case map[string]any:
		for name := range v {
			if v[name], err = plainNumbers(v[name]); err != nil {
				return nil, err
			}
		}
	case []any:
		for i := range v {
			if v[i], err = plainNumbers(v[i]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
