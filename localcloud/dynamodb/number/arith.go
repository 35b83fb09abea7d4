package number

// Add gives a + b. A sum that needs more than 38 digits is ErrPrecision, one
// out of range ErrOverflow or ErrUnderflow.
func Add(a, b Number) (Number, error) {
	x := a.decode(make([]byte, 0, MaxDigits+2))
	y := b.decode(make([]byte, 0, MaxDigits+2))
	return add(x, y)
}

// Sub gives a - b, with the errors of [Add].
func Sub(a, b Number) (Number, error) {
	x := a.decode(make([]byte, 0, MaxDigits+2))
	y := b.decode(make([]byte, 0, MaxDigits+2))
	y.negative = !y.negative
	return add(x, y)
}

func add(x, y decimal) (Number, error) {
	switch {
	case len(y.digits) == 0:
		return x.encode()
	case len(x.digits) == 0:
		return y.encode()
	}
	high := max(x.exp, y.exp) + 1 // one more place for a carry
	low := min(x.last(), y.last())
	if high-low > 2*MaxDigits+2 {
		// The digits do not meet, so the sum has all of them and those between.
		return "", ErrPrecision
	}
	xs, ys := x.aligned(high, low), y.aligned(high, low)
	sum := decimal{negative: x.negative, exp: high}
	if x.negative == y.negative {
		sum.digits = plus(xs, ys)
	} else {
		var swapped bool
		sum.digits, swapped = minus(xs, ys)
		sum.negative = x.negative != swapped
	}
	sum.trim()
	return sum.encode()
}

// last is the exponent of the last digit.
func (d decimal) last() int { return d.exp - len(d.digits) + 1 }

// aligned gives the digits from the exponent high down to low.
func (d decimal) aligned(high, low int) []byte {
	out := make([]byte, high-low+1)
	copy(out[high-d.exp:], d.digits)
	return out
}

func plus(x, y []byte) []byte {
	carry := byte(0)
	for i := len(x) - 1; i >= 0; i-- {
		s := x[i] + y[i] + carry
		carry = s / 10
		x[i] = s % 10
	}
	return x
}

// minus gives |x - y| and whether y was the greater.
func minus(x, y []byte) (diff []byte, swapped bool) {
	for i := range x {
		if x[i] != y[i] {
			swapped = x[i] < y[i]
			break
		}
	}
	if swapped {
		x, y = y, x
	}
	borrow := byte(0)
	for i := len(x) - 1; i >= 0; i-- {
		s := 10 + x[i] - y[i] - borrow
		borrow = 1 - s/10
		x[i] = s % 10
	}
	return x, swapped
}
