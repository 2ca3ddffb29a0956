// SPDX-License-Identifier: Apache-2.0

package secretref_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/secretref"
)

// value is in every place that the references of TestNoErrorHoldsAValue lead to.
const value = "hunter2-sentinel"

func TestNoErrorHoldsAValue(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
		return path
	}
	file("directory/inner", value, 0o600)
	file("many/right", value, 0o600)
	t.Setenv("SECRETREF_LEAK_RIGHT", value)
	t.Setenv("SECRETREF_LEAK_EMPTY", "")
	address, _ := listen(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()

	r := &secretref.Resolver{CommandTimeout: time.Minute, Groups: map[string]secretref.Group{
		"directory": {Directory: filepath.Join(dir, "many")},
		"variables": {EnvPrefix: "SECRETREF_LEAK_"},
		"fails":     {Command: program(t, "fail", value, "1")},
		"floods":    {Command: program(t, "flood", value)},
		"leaves":    {Command: program(t, "leave", value, address)},
		"binary":    {Command: program(t, "say", value+"\xff")},
		"dies":      {Command: program(t, "die", value)},
		"missing":   {Command: []string{filepath.Join(dir, "nope"), value}},
		"unknown":   {Command: []string{"secretref-no-such-program", value}},
		"forbidden": {Command: []string{file("program", value, 0o600), value}},
		"broken":    {Command: []string{file("script", value, 0o700), value}},
		"both":      {EnvPrefix: "X", Command: []string{"x", value}},
		"nameless":  {Command: []string{"", value}},
	}}
	impatient := &secretref.Resolver{CommandTimeout: time.Nanosecond, Groups: r.Groups}
	for _, c := range []struct {
		r         *secretref.Resolver
		ctx       context.Context //nolint:containedctx // a case is a call
		reference string
	}{
		{r, t.Context(), "env:" + value},
		{r, t.Context(), "env:SECRETREF_LEAK_EMPTY"},
		{r, t.Context(), "env:SECRETREF_LEAK_UNSET"},
		{r, t.Context(), "file:\n" + value},
		{r, t.Context(), "file:" + filepath.Join(dir, "nope")},
		{r, t.Context(), "file:" + filepath.Join(dir, "directory")},
		{r, t.Context(), "file:" + filepath.Join(file("plain", value, 0o600), "below")},
		{r, t.Context(), "file:" + file("long", strings.Repeat(value, 64<<10), 0o600)},
		{r, t.Context(), "file:" + file("binary", value+"\xff", 0o600)},
		{r, t.Context(), "$secrets-group/" + value},
		{r, t.Context(), "$secrets-group/a/b/" + value},
		{r, t.Context(), "$secrets-group/nowhere/right"},
		{r, t.Context(), "$secrets-group/directory/wrong"},
		{r, t.Context(), "$secrets-group/variables/empty"},
		{r, t.Context(), "$secrets-group/variables/unset"},
		{r, t.Context(), "$secrets-group/fails/x"},
		{r, t.Context(), "$secrets-group/floods/x"},
		{r, t.Context(), "$secrets-group/leaves/x"},
		{r, t.Context(), "$secrets-group/binary/x"},
		{r, t.Context(), "$secrets-group/dies/x"},
		{r, t.Context(), "$secrets-group/missing/x"},
		{r, t.Context(), "$secrets-group/unknown/x"},
		{r, t.Context(), "$secrets-group/forbidden/x"},
		{r, t.Context(), "$secrets-group/broken/x"},
		{r, t.Context(), "$secrets-group/both/x"},
		{r, t.Context(), "$secrets-group/nameless/x"},
		{r, cancelled, "$secrets-group/fails/x"},
		{impatient, t.Context(), "$secrets-group/fails/x"},
	} {
		got, err := c.r.Resolve(c.ctx, c.reference)
		require.Error(t, err, c.reference)
		assert.Empty(t, got, c.reference)
		assert.NotContains(t, err.Error(), value, c.reference)
	}
}
