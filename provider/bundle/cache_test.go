// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/bundle"
	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/provider/digest"
)

func digestOf(t *testing.T, b bundle.Bundle) digest.Digest {
	t.Helper()
	d, err := b.Digest()
	require.NoError(t, err)
	return d
}

// fetcher returns b and counts how often.
func fetcher(b bundle.Bundle, times *atomic.Int32) func(context.Context) (bundle.Bundle, error) {
	return func(context.Context) (bundle.Bundle, error) {
		times.Add(1)
		return b, nil
	}
}

func TestABundleIsFetchedOnce(t *testing.T) {
	t.Parallel()
	cache, want := &bundle.Cache{Dir: t.TempDir()}, dir("index.js", "lib/a.wasm")
	var fetched atomic.Int32
	for range 3 {
		got, err := cache.Bundle(t.Context(), digestOf(t, want), "", fetcher(want, &fetched))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	assert.EqualValues(t, 1, fetched.Load())
}

func TestAFileIsFoundUnderAnyName(t *testing.T) {
	t.Parallel()
	cache := &bundle.Cache{Dir: t.TempDir()}
	stored := bundle.Bundle{Files: map[string][]byte{"a.js": []byte("x")}, Single: true}
	cache.Store(digestOf(t, stored), stored)
	got, err := cache.Bundle(t.Context(), digestOf(t, stored), "b.js", nil)
	require.NoError(t, err)
	assert.Equal(t, bundle.Bundle{Files: map[string][]byte{"b.js": []byte("x")}, Single: true}, got)
}

func TestWhatIsFetchedIsVerified(t *testing.T) {
	t.Parallel()
	cache := &bundle.Cache{Dir: t.TempDir()}
	var fetched atomic.Int32
	_, err := cache.Bundle(t.Context(), digestOf(t, dir("good.js")), "", fetcher(dir("evil.js"), &fetched))
	var mismatch *bundle.MismatchError
	require.ErrorAs(t, err, &mismatch)
	_, err = cache.Bundle(t.Context(), digestOf(t, dir("good.js")), "", fetcher(dir("good.js"), &fetched))
	require.NoError(t, err)
	assert.EqualValues(t, 2, fetched.Load(), "what was refused is not kept")
}

func TestADamagedEntryIsFetchedAnew(t *testing.T) {
	t.Parallel()
	for damage, content := range map[string]string{"cut off": "PK", "empty": "", "other text": strings.Repeat("x", 500)} {
		t.Run(damage, func(t *testing.T) {
			t.Parallel()
			cache, want := &bundle.Cache{Dir: t.TempDir()}, dir("index.js")
			cache.Store(digestOf(t, want), want)
			entries, err := filepath.Glob(filepath.Join(cache.Dir, "bundles", "*"))
			require.NoError(t, err)
			require.Len(t, entries, 1)
			require.NoError(t, os.WriteFile(entries[0], []byte(content), 0o600))
			var fetched atomic.Int32
			got, err := cache.Bundle(t.Context(), digestOf(t, want), "", fetcher(want, &fetched))
			require.NoError(t, err)
			assert.Equal(t, want, got)
			assert.EqualValues(t, 1, fetched.Load())
		})
	}
}

func TestTheLeastRecentlyUsedGoesFirst(t *testing.T) {
	t.Parallel()
	content := make([]byte, 1000)
	build := func(n byte) bundle.Bundle {
		content := append([]byte{n}, content...)
		return bundle.Bundle{Files: map[string][]byte{"index.js": content}}
	}
	cache := &bundle.Cache{Dir: t.TempDir(), MaxBytes: 3000} // two fit, with their archives' headers
	age := func(b bundle.Bundle, by time.Duration) {
		path := filepath.Join(cache.Dir, "bundles", digestOf(t, b).String()+".zip")
		then := time.Now().Add(-by)
		require.NoError(t, os.Chtimes(path, then, then))
	}
	cache.Store(digestOf(t, build(1)), build(1))
	age(build(1), 2*time.Hour)
	cache.Store(digestOf(t, build(2)), build(2))
	age(build(2), time.Hour)
	_, err := cache.Bundle(t.Context(), digestOf(t, build(1)), "", nil) // used: now the younger one
	require.NoError(t, err)
	cache.Store(digestOf(t, build(3)), build(3))

	missing := errors.New("not in the cache")
	miss := func(context.Context) (bundle.Bundle, error) { return bundle.Bundle{}, missing }
	for _, kept := range []byte{1, 3} {
		_, err := cache.Bundle(t.Context(), digestOf(t, build(kept)), "", miss)
		require.NoError(t, err, kept)
	}
	_, err = cache.Bundle(t.Context(), digestOf(t, build(2)), "", miss)
	require.ErrorIs(t, err, missing)
}

func TestABundleLargerThanTheCacheIsKeptUntilTheNext(t *testing.T) {
	t.Parallel()
	cache := &bundle.Cache{Dir: t.TempDir(), MaxBytes: 1}
	cache.Store(digestOf(t, dir("a.js")), dir("a.js"))
	_, err := cache.Bundle(t.Context(), digestOf(t, dir("a.js")), "", nil)
	require.NoError(t, err)
}

func TestADirectoryThatCannotBeWrittenIsNoFailure(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, dirname := range []string{"", filepath.Join(file, "below")} {
		cache := &bundle.Cache{Dir: dirname}
		cache.SetFact("kind", "key", "value")
		_, known := cache.Fact("kind", "key")
		assert.False(t, known)
		var fetched atomic.Int32
		for range 2 {
			_, err := cache.Bundle(t.Context(), digestOf(t, dir("a.js")), "", fetcher(dir("a.js"), &fetched))
			require.NoError(t, err)
		}
		assert.EqualValues(t, 2, fetched.Load())
	}
}

func TestAWaiterThatIsCancelledStops(t *testing.T) {
	t.Parallel()
	cache := &bundle.Cache{Dir: t.TempDir()}
	d, fetching, done := digestOf(t, dir("a.js")), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_, err := cache.Bundle(context.WithoutCancel(t.Context()), d, "",
			func(context.Context) (bundle.Bundle, error) {
				close(fetching)
				<-time.After(200 * time.Millisecond) // every chance to wait for the lock
				return dir("a.js"), nil
			})
		assert.NoError(t, err)
	}()
	<-fetching
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := cache.Bundle(ctx, d, "", nil)
	require.ErrorIs(t, err, context.Canceled)
	<-done
}

// TestProcessesFetchOnceTogether runs this test binary several times at once on one cache.
func TestProcessesFetchOnceTogether(t *testing.T) {
	t.Parallel()
	const processes = 6
	want := dir("index.js")
	if shared := os.Getenv("BUNDLE_CACHE_TEST"); shared != "" {
		cache := &bundle.Cache{Dir: shared}
		_, err := cache.Bundle(t.Context(), digestOf(t, want), "", func(context.Context) (bundle.Bundle, error) {
			f, err := os.CreateTemp(shared, "fetched-*")
			if err != nil {
				return bundle.Bundle{}, err
			}
			return want, f.Close()
		})
		require.NoError(t, err)
		return
	}
	shared := t.TempDir()
	running := make([]*exec.Cmd, processes)
	for i := range running {
		running[i] = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcessesFetchOnceTogether$")
		running[i].Env = append(os.Environ(), "BUNDLE_CACHE_TEST="+shared)
		require.NoError(t, running[i].Start())
	}
	for i := range running {
		require.NoError(t, running[i].Wait())
	}
	fetched, err := filepath.Glob(filepath.Join(shared, "fetched-*"))
	require.NoError(t, err)
	assert.Len(t, fetched, 1)
}

func TestFactsAreKeptByKindAndKey(t *testing.T) {
	t.Parallel()
	cache := &bundle.Cache{Dir: filepath.Join(t.TempDir(), "cache")}
	_, known := cache.Fact("token-id", "secret-token")
	require.False(t, known)
	cache.SetFact("token-id", "secret-token", "id-1")
	cache.SetFact("etag", "secret-token", "other")
	value, known := cache.Fact("token-id", "secret-token")
	assert.True(t, known)
	assert.Equal(t, "id-1", value)
	cache.SetFact("token-id", "secret-token", "id-2")
	value, _ = cache.Fact("token-id", "secret-token")
	assert.Equal(t, "id-2", value)

	require.NoError(t, filepath.WalkDir(cache.Dir, func(path string, entry os.DirEntry, err error) error {
		require.NoError(t, err)
		assert.NotContains(t, path, "secret-token")
		if info, err := entry.Info(); err == nil {
			assert.Zero(t, info.Mode().Perm()&0o077, "%s is for its owner only", path)
		}
		if !entry.IsDir() {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.NotContains(t, string(content), "secret-token")
		}
		return nil
	}))
}
