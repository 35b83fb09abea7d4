package iam

import (
	"math/bits"
	"math/rand/v2"
)

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
	return len(want) == len(s) && sameBytes(want, s)
}

// sameBytes is sameFold for an s that is at least as long; its rest is left alone.
func sameBytes(want, s string) bool {
	n := len(want)
	s = s[:n]
	switch {
	case n < 4:
		for i := range n {
			if lower(s[i]) != want[i] {
				return false
			}
		}
		return true
	case n < 8: // the first four and the last four, which may overlap
		return lower8(load4(s)|load4(s[n-4:])<<32) == load4(want)|load4(want[n-4:])<<32
	}
	for i := 0; i < n-8; i += 8 {
		if lower8(load8(s[i:])) != load8(want[i:]) {
			return false
		}
	}
	return lower8(load8(s[n-8:])) == load8(want[n-8:])
}

// hashFold is equal for texts that differ by ASCII case alone, and hardly ever
// for others. Like sameFold it takes eight bytes at a time, and at the end the
// last eight, again in part.
func hashFold(s string) uint64 {
	n := len(s)
	h := uint64(n)
	switch {
	case n < 4:
		for i := range n {
			h = h<<8 ^ uint64(lower(s[i]))
		}
		return mix(h)
	case n < 8:
		return mix(h ^ lower8(load4(s)|load4(s[n-4:])<<32))
	}
	for i := 0; i < n-8; i += 8 {
		h = mix(h ^ lower8(load8(s[i:])))
	}
	return mix(h ^ lower8(load8(s[n-8:])))
}

// seed makes hashes another process's: nobody can write a policy whose actions
// all have the same one. What comes out of a policy does not depend on it.
var seed = rand.Uint64()

// mix spreads every bit over the whole number.
func mix(h uint64) uint64 {
	high, low := bits.Mul64(h^seed, 0x9E3779B97F4A7C15)
	return high ^ low
}

// load4 gives the first four bytes as a number.
func load4(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}

// load8 gives the first eight bytes as a number. The compiler makes one load of each.
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
