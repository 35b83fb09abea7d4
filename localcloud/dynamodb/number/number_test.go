package number_test

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/writ-dev/writ/localcloud/dynamodb/number"
	"pgregory.net/rapid"
)

func Example() {
	price, _ := number.Parse("1.10e2")
	sum, _ := number.Add(price, number.FromInt(-5))
	fmt.Println(price, sum, price > sum)
	// Output: 110 105 true
}

func TestParseGivesTheCanonicalForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.000": "0", "00012": "12", "1.50": "1.5", "-1.50": "-1.5", ".5": "0.5", "5.": "5",
		"+7": "7", "1e3": "1000", "1E-3": "0.001", "123.456e1": "1234.56", "-0.00120": "-0.0012", "0e999999": "0",
		"1e125":                       "1" + strings.Repeat("0", 125),
		"1e-130":                      "0." + strings.Repeat("0", 129) + "1",
		strings.Repeat("9", 38):       strings.Repeat("9", 38),
		"1" + strings.Repeat("0", 60): "1" + strings.Repeat("0", 60),
	} {
		n, err := number.Parse(in)
		if err != nil || n.String() != want {
			t.Errorf("Parse(%q) = %q, %v; want %q", in, n, err, want)
		}
	}
}

func TestSizeCountsSignificantDigits(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{"0": 1, "1": 2, "12": 2, "123": 3, "-1": 3, "3.14159": 5, "123456": 4, "1E125": 2, "0.001": 2} {
		if n, err := number.Parse(in); err != nil || n.Size() != want {
			t.Errorf("%s has size %d, want %d (%v)", in, n.Size(), want, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]error{
		"": number.ErrSyntax, "abc": number.ErrSyntax, "1a": number.ErrSyntax, "-": number.ErrSyntax, ".": number.ErrSyntax,
		"1e": number.ErrSyntax, "1e+": number.ErrSyntax, "1.2.3": number.ErrSyntax, " 1": number.ErrSyntax, "0x10": number.ErrSyntax,
		"NaN": number.ErrSyntax, "Infinity": number.ErrSyntax, "1_000": number.ErrSyntax, "--1": number.ErrSyntax,
		"1e126": number.ErrOverflow, "-1e126": number.ErrOverflow, "1e99999999999999999999": number.ErrOverflow,
		"1e-131": number.ErrUnderflow, "1e-99999999999999999999": number.ErrUnderflow,
		strings.Repeat("9", 39): number.ErrPrecision,
	} {
		if n, err := number.Parse(in); !errors.Is(err, want) {
			t.Errorf("Parse(%q) = %q, %v; want %v", in, n, err, want)
		}
	}
}

// text makes the text of a number that can be stored.
func text() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		digits := rapid.StringMatching(`[0-9]{1,38}`).Draw(t, "digits")
		exp := rapid.OneOf(rapid.IntRange(-3, 3), rapid.IntRange(-130, 88)).Draw(t, "exp")
		sign := rapid.SampledFrom([]string{"", "-"}).Draw(t, "sign")
		return fmt.Sprintf("%s%se%d", sign, digits, exp)
	})
}

func exact(t *rapid.T, s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("big.Rat cannot read %q", s)
	}
	return r
}

func parse(t *rapid.T, s string) number.Number {
	n, err := number.Parse(s)
	if err != nil {
		t.Skip(err)
	}
	return n
}

func TestOrderOfBytesIsOrderOfNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := text().Draw(t, "a"), text().Draw(t, "b")
		x, y := parse(t, a), parse(t, b)
		if got, want := strings.Compare(string(x), string(y)), exact(t, a).Cmp(exact(t, b)); got != want {
			t.Fatalf("%s and %s compare as %d, want %d", a, b, got, want)
		}
		if again := parse(t, x.String()); again != x {
			t.Fatalf("%s became %s", a, x)
		}
	})
}

func TestArithmeticIsExactOrAnError(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := text().Draw(t, "a"), text().Draw(t, "b")
		x, y := parse(t, a), parse(t, b)
		for _, op := range []struct {
			name string
			ours func(a, b number.Number) (number.Number, error)
			real func(z *big.Rat, a, b *big.Rat) *big.Rat
		}{{"+", number.Add, (*big.Rat).Add}, {"-", number.Sub, (*big.Rat).Sub}} {
			want := op.real(new(big.Rat), exact(t, a), exact(t, b))
			got, err := op.ours(x, y)
			if err != nil {
				if _, err := number.Parse(decimalText(want)); err == nil {
					t.Fatalf("%s %s %s can be stored, but: %v", a, op.name, b, err)
				}
				continue
			}
			if exact(t, got.String()).Cmp(want) != 0 {
				t.Fatalf("%s %s %s = %s, want %s", a, op.name, b, got, want.FloatString(140))
			}
		}
	})
}

// decimalText writes r, a sum of two storable numbers, in full.
func decimalText(r *big.Rat) string { return r.FloatString(170) }

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "-1.5e3", "1e125", "9.99", "1e-130", "-", "1e", "00.1", "99999999999999999999999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := number.Parse(s)
		if err != nil {
			return
		}
		again, err := number.Parse(n.String())
		if err != nil || again != n {
			t.Fatalf("%q -> %q -> %q, %v", s, n, again, err)
		}
		if len(s) > 300 {
			return
		}
		if r, ok := new(big.Rat).SetString(s); ok {
			if back, _ := new(big.Rat).SetString(n.String()); back.Cmp(r) != 0 {
				t.Fatalf("%q became %q", s, n)
			}
		}
	})
}
