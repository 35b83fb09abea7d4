// Package number is DynamoDB's number type: decimals of up to 38 significant
// digits, from 1E-130 to 9.99E+125, kept as bytes that sort as the numbers do.
//
// The rules are those of the Developer Guide, "Supported data types and naming
// rules in DynamoDB: Number".
package number

import (
	"errors"
	"fmt"
	"strings"
)

// Number holds a number as bytes whose order is the numbers' order; equal
// numbers have equal bytes. The zero value "" is no number.
//
// The first byte is the sign, the second the decimal exponent, and each
// further byte two digits; a negative number has all but the sign inverted
// and a final 0xFF.
type Number string

// The errors of [Parse], [Add] and [Sub], in AWS's words.
var (
	//lint:ignore ST1005 AWS's own sentence
	ErrSyntax = errors.New("The parameter cannot be converted to a numeric value")
	//lint:ignore ST1005 AWS's own sentence
	ErrPrecision = errors.New("Attempting to store more than 38 significant digits in a Number")
	ErrOverflow  = errors.New("Number overflow. Attempting to store a number with magnitude larger than supported range")
	ErrUnderflow = errors.New("Number underflow. Attempting to store a number with magnitude smaller than supported range")
)

const (
	// MaxDigits is how many significant digits a number may have.
	MaxDigits   = 38
	minExponent = -130
	maxExponent = 125

	signNegative = 0x7F
	signZero     = 0x80
	signPositive = 0x81

	// Zero is the number 0.
	Zero Number = "\x80"
)

// decimal is sign * 0.d0 d1 d2 ... * 10^(exp+1); exp is the exponent of d0.
// Neither the first nor the last digit is 0; no digits at all is zero.
type decimal struct {
	negative bool
	exp      int
	digits   []byte // values 0 to 9
}

// Parse reads a number as DynamoDB does: "-12.50", ".5", "1e3", "+7".
func Parse(text string) (Number, error) {
	d, err := scan(text)
	if err != nil {
		return "", err
	}
	return d.encode()
}

// FromInt gives the number of an int.
func FromInt(n int) Number {
	d, err := Parse(fmt.Sprint(n))
	if err != nil {
		return Zero // no int has more than 19 digits
	}
	return d
}

func scan(text string) (decimal, error) {
	bad := func() (decimal, error) {
		return decimal{}, fmt.Errorf("%w: %s", ErrSyntax, text)
	}
	d := decimal{exp: -1}
	rest := text
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		d.negative = rest[0] == '-'
		rest = rest[1:]
	}
	seen, point := 0, false
	i := 0
	for ; i < len(rest); i++ {
		c := rest[i]
		switch {
		case c == '.' && !point:
			point = true
			continue
		case c < '0' || c > '9':
		default:
			seen++
			if len(d.digits) == 0 && c == '0' { // leading zero
				if point {
					d.exp--
				}
				continue
			}
			if !point {
				d.exp++
			}
			d.digits = append(d.digits, c-'0')
			continue
		}
		break
	}
	if seen == 0 {
		return bad()
	}
	if i < len(rest) {
		e, ok := exponent(rest[i:])
		if !ok {
			return bad()
		}
		d.exp += e
	}
	d.trim()
	return d, nil
}

// exponent reads "e+12"; one out of all bounds is cut to where it still is out of bounds.
func exponent(s string) (int, bool) {
	if s[0] != 'e' && s[0] != 'E' {
		return 0, false
	}
	s = s[1:]
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	if s == "" {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		if n < 100_000_000 {
			n = n*10 + int(s[i]-'0')
		}
	}
	if negative {
		n = -n
	}
	return n, true
}

// trim takes away zeros at both ends.
func (d *decimal) trim() {
	for len(d.digits) > 0 && d.digits[0] == 0 {
		d.digits = d.digits[1:]
		d.exp--
	}
	for len(d.digits) > 0 && d.digits[len(d.digits)-1] == 0 {
		d.digits = d.digits[:len(d.digits)-1]
	}
}

func (d decimal) encode() (Number, error) {
	if len(d.digits) == 0 {
		return Zero, nil
	}
	switch {
	case d.exp > maxExponent:
		return "", ErrOverflow
	case d.exp < minExponent:
		return "", ErrUnderflow
	case len(d.digits) > MaxDigits:
		return "", ErrPrecision
	}
	var buf [MaxDigits/2 + 3]byte
	b := append(buf[:0], signPositive, byte(d.exp-minExponent))
	for i := 0; i < len(d.digits); i += 2 {
		pair := d.digits[i] * 10
		if i+1 < len(d.digits) {
			pair += d.digits[i+1]
		}
		b = append(b, pair+1)
	}
	if d.negative {
		b[0] = signNegative
		for i := 1; i < len(b); i++ {
			b[i] = ^b[i]
		}
		b = append(b, 0xFF)
	}
	return Number(b), nil
}

// decode reads the digits of n into buf. Bytes that no encode made give zero.
func (n Number) decode(buf []byte) decimal {
	d := decimal{digits: buf[:0]}
	if len(n) < 3 {
		return d
	}
	body, invert := n[1:], byte(0)
	if n[0] == signNegative {
		d.negative, invert, body = true, 0xFF, body[:len(body)-1]
	}
	d.exp = int(body[0]^invert) + minExponent
	for i := 1; i < len(body); i++ {
		pair := (body[i] ^ invert) - 1
		d.digits = append(d.digits, pair/10, pair%10)
	}
	d.trim()
	return d
}

// String gives the number in DynamoDB's canonical form: plain digits, without
// exponent, leading zeros or zeros at the end of a fraction.
func (n Number) String() string { return string(n.AppendText(nil)) }

// AppendText appends the canonical form to b.
func (n Number) AppendText(b []byte) []byte {
	var buf [MaxDigits + 2]byte
	d := n.decode(buf[:0])
	if len(d.digits) == 0 {
		return append(b, '0')
	}
	if d.negative {
		b = append(b, '-')
	}
	if d.exp < 0 {
		b = append(b, "0."...)
		for range -1 - d.exp {
			b = append(b, '0')
		}
		for _, c := range d.digits {
			b = append(b, '0'+c)
		}
		return b
	}
	for i, c := range d.digits {
		if i == d.exp+1 {
			b = append(b, '.')
		}
		b = append(b, '0'+c)
	}
	for i := len(d.digits); i <= d.exp; i++ {
		b = append(b, '0')
	}
	return b
}

// Size is what the number counts for in the size of an item: a byte, a byte
// for two significant digits before and for two behind the decimal point, and
// one for the minus sign.
func (n Number) Size() int {
	var buf [MaxDigits + 2]byte
	d := n.decode(buf[:0])
	digits := len(d.digits)
	whole := min(max(d.exp+1, 0), digits)
	size := 1 + (whole+1)/2 + (digits-whole+1)/2
	if d.negative {
		size++
	}
	return size
}

// Int gives n as an int64 when it is a whole number that fits.
func (n Number) Int() (int64, bool) {
	text := n.String()
	if len(text) > 19 || strings.ContainsRune(text, '.') {
		return 0, false
	}
	var v int64
	negative := text[0] == '-'
	for _, c := range []byte(strings.TrimPrefix(text, "-")) {
		v = v*10 + int64(c-'0')
		if v < 0 {
			return 0, false
		}
	}
	if negative {
		v = -v
	}
	return v, true
}
