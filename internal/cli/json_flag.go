package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// jsonObject reads a flag that takes a JSON object; "" is none. The error says where it is no JSON, or what it is instead.
func jsonObject(flag, text, example string) (map[string]any, error) {
	if text == "" {
		return nil, nil
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, writ.Errorf(writ.CodeUsage, "%s is no JSON: %s", flag, brokenAt(text, err)).WithHint("write it as '%s'", example)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, writ.Errorf(writ.CodeUsage, "%s is %s and must be a JSON object", flag, kindOfJSON(value)).WithHint("write it as '%s'", example)
	}
	return object, nil
}

// brokenAt says where a text stops being JSON, without the words of the library.
func brokenAt(text string, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) || int(syntax.Offset) > len(text) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it cannot be read"
	}
	if strings.Contains(syntax.Error(), "unexpected end") {
		return "it ends too early"
	}
	at := max(0, int(syntax.Offset)-1)
	rest := []rune(strings.ToValidUTF8(text[at:], "\uFFFD"))
	return fmt.Sprintf("at character %d, %q cannot stand here", utf8.RuneCountInString(text[:at])+1, string(rest[:min(len(rest), 1)]))
}

func kindOfJSON(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case []any:
		return "a list"
	}
	return "a number"
}
