package iam

// Key gives the name of a context key as a [Context] holds it. Names ignore
// case, the keys of tags in them too, but only of the letters A to Z: a sign
// that merely lowers to one of them, such as the Kelvin sign, is another name.
func Key(name string) string { return lowerASCII(name) }
