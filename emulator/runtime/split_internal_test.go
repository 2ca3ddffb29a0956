// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

// split is a Worker with versions "a" and "b".
func split(a, b float64) *Worker {
	return &Worker{Account: "acc", Name: "api", Split: []Weighted{
		{Script: Script{VersionID: "a"}, Percent: a}, {Script: Script{VersionID: "b"}, Percent: b},
	}}
}

func header(name, value string) http.Header {
	h := http.Header{}
	h.Set(name, value)
	return h
}

func TestTrafficIsSplitByPercentage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		w        *Worker
		low, top int // bounds on how many of 10,000 requests version b gets
	}{
		{split(50, 50), 4600, 5400},
		{split(90, 10), 800, 1200},
		{split(100, 0), 0, 0},
		{split(0, 100), 10000, 10000},
		{split(0, 0), 0, 0},
	} {
		got := 0
		for range 10000 {
			if c.w.pick(http.Header{}).VersionID == "b" {
				got++
			}
		}
		assert.GreaterOrEqual(t, got, c.low)
		assert.LessOrEqual(t, got, c.top)
	}
}

func TestVersionKeyStaysWithAVersionThatGrows(t *testing.T) {
	t.Parallel()
	moved := 0
	for i := range 1000 {
		key := header(versionKeyHeader, "user-"+strconv.Itoa(i))
		onB := false
		for percent := 0.0; percent <= 100; percent += 5 {
			version := split(100-percent, percent).pick(key).VersionID
			assert.Equal(t, version, split(100-percent, percent).pick(key).VersionID, "same request, same version")
			if onB {
				assert.Equal(t, "b", version, "key %d went back at %v%%", i, percent)
			}
			onB = version == "b"
			if percent == 30 && onB {
				moved++
			}
		}
		assert.True(t, onB)
	}
	assert.InDelta(t, 300, moved, 60)
}

func TestVersionKeysDifferByWorker(t *testing.T) {
	t.Parallel()
	assert.NotEqual(t, hashPoint(workerKey{"acc", "api"}, "k"), hashPoint(workerKey{"acc", "web"}, "k"))
}

func TestOverridePicksAVersionOfTheDeployment(t *testing.T) {
	t.Parallel()
	w := split(100, 0)
	for value, want := range map[string]string{
		`api="b"`:                   "b",
		`other="x", api="b"`:        "b",
		`api="a", api="b"`:          "b",
		`api="b";note=1`:            "b",
		`api="c"`:                   "a", // not in the deployment
		`other="b"`:                 "a",
		`api=b`:                     "a", // a token, not a string
		`api="b" other`:             "a", // no dictionary
		`api="b`:                    "a",
		`API="b"`:                   "a",
		``:                          "a",
		"api=\"b\",\tflag, n=-1.5":  "b",
		`api="\"b\"", other="\\\""`: "a",
	} {
		assert.Equal(t, want, w.pick(header(versionOverridesHeader, value)).VersionID, value)
	}
}

func TestOverrideGoesBeforeVersionKey(t *testing.T) {
	t.Parallel()
	h := header(versionOverridesHeader, `api="b"`)
	h.Set(versionKeyHeader, "k")
	assert.Equal(t, "b", split(100, 0).pick(h).VersionID)
}

func FuzzVersionOverrides(f *testing.F) {
	for _, seed := range []string{`api="b"`, `a=1;b="c", d`, `a="\\"`, `*x=?1`, `a=:YQ==:`, "a=\"\x7f\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for name := range versionOverrides([]string{value}) {
			assert.NotEmpty(t, name)
		}
	})
}
