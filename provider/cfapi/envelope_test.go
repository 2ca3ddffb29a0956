// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCodesAreReadAsFarAsTheyCanBe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want []Code
	}{
		"nothing":         {"", nil},
		"no JSON":         {"<html>", nil},
		"no object":       {"[1]", nil},
		"no errors":       {`{"success":false}`, nil},
		"null":            {`{"errors":null}`, nil},
		"one":             {`{"errors":[{"code":7,"message":"m"}]}`, []Code{{7, "m"}}},
		"a number quoted": {`{"errors":[{"code":"7","message":"m"}]}`, []Code{{7, "m"}}},
		"no number":       {`{"errors":[{"code":"seven","message":"m"}]}`, []Code{{0, "m"}}},
		"no code":         {`{"errors":[{"message":"m"}]}`, []Code{{0, "m"}}},
		"empty entries":   {`{"errors":[{},null,{"code":7}]}`, []Code{{7, ""}}},
		"a chain": {
			`{"errors":[{"code":1,"error_chain":[{"code":2,"error_chain":[{"code":3}]}]},{"code":4}]}`,
			[]Code{{1, ""}, {2, ""}, {3, ""}, {4, ""}},
		},
	} {
		assert.Equal(t, test.want, decodeCodes([]byte(test.body)), name)
	}
	many := `{"errors":[` + strings.Repeat(`{"code":1},`, 1000) + `{"code":1}]}`
	assert.Len(t, decodeCodes([]byte(many)), maxCodes)
}

func TestFaultsAreReadAsFarAsTheyCanBe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ body, code, message string }{
		"nothing":         {"", "", ""},
		"no XML":          {`{"a":1}`, "", ""},
		"another element": {"<Result><Code>x</Code></Result>", "", ""},
		"with a header":   {`<?xml version="1.0"?><Error><Code>A</Code><Message>m &amp; n</Message></Error>`, "A", "m & n"},
		"cut off":         {"<Error><Code>A</Code><Mess", "", ""},
	} {
		code, message := decodeFault([]byte(test.body))
		assert.Equal(t, test.code, code, name)
		assert.Equal(t, test.message, message, name)
	}
}

func FuzzDecodeCodes(f *testing.F) {
	for _, seed := range []string{
		"", "{", `{"errors":[{"code":7,"message":"m","error_chain":[{"code":"8"}]}]}`, `{"errors":[{"code":1e99}]}`,
		`{"errors":[[]]}`, "<Error><Code>A</Code></Error>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		codes := decodeCodes(body)
		if len(codes) > maxCodes {
			t.Errorf("%d codes", len(codes))
		}
		for _, c := range codes {
			if c == (Code{}) {
				t.Error("a code that says nothing")
			}
		}
		code, message := decodeFault(body)
		if len(code)+len(message) > len(body) {
			t.Error("more was read than there is")
		}
		// Whatever the body says, the status has decided.
		if kindOf(APIR2, 404, nil) != ErrNotFound { //nolint:errorlint // identity is meant
			t.Error("404")
		}
		e := &Error{Op: "op", Kind: kindOf(APIWorkers, 400, codes), Status: 400, Codes: codes, S3Code: code, Message: message}
		if strings.Contains(e.Error(), "\n") {
			t.Errorf("more than one line: %q", e.Error())
		}
	})
}
