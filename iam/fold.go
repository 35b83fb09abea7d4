package iam

// Folding is for ASCII only: Unicode's would let the Kelvin sign match "k".

// lower gives an ASCII letter in lower case.
func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func lowerASCII(s string) string {
	for i := range len(s) {
		if lower(s[i]) != s[i] {
			b := []byte(s)
			for j := range b {
				b[j] = lower(b[j])
			}
			return string(b)
		}
	}
	return s
}

// sameFold compares with ASCII case folding; want is in lower case.
func sameFold(want, s string) bool {
	n := len(want)
	if n != len(s) {
		return false
	}
	if n < 8 {
		for i := range n {
			if lower(s[i]) != want[i] {
				return false
			}
		}
		return true
	}
	for i := 0; i < n-8; i += 8 {
		if lower8(load8(s[i:])) != load8(want[i:]) {
			return false
		}
	}
	return lower8(load8(s[n-8:])) == load8(want[n-8:])
}

// hashFold is equal for texts that differ by ASCII case alone. It takes eight
// bytes at a time, the last eight again where they overlap.
func hashFold(s string) uint64 {
	const multiplier = 0x9E3779B97F4A7C15
	const upperBits = 0x2020202020202020 // what tells "a" from "A"; others that it joins are few
	n := len(s)
	h := uint64(n)
	if n < 8 {
		for i := range n {
			h = h<<8 ^ uint64(s[i]|0x20)
		}
		h *= multiplier
		return h ^ h>>32
	}
	for i := 0; i < n-8; i += 8 {
		h = (h ^ (load8(s[i:]) | upperBits)) * multiplier
		h ^= h >> 32
	}
	h = (h ^ (load8(s[n-8:]) | upperBits)) * multiplier
	return h ^ h>>32
}

// load8 gives the first eight bytes as a number. The compiler makes one load of it.
func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// lower8 is lower for eight bytes at once. Adding to the low seven bits of each
// byte carries into its top bit exactly from "A", or from "[", on.
func lower8(w uint64) uint64 {
	const ones = 0x0101010101010101
	low := w & (0x7f * ones)
	fromA := low + (0x80-'A')*ones
	afterZ := low + (0x80-'Z'-1)*ones
	upper := (fromA ^ afterZ) &^ w & (0x80 * ones)
	return w | upper>>2
}
