// SPDX-License-Identifier: Apache-2.0

package r2_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
)

var bucket = r2.BucketID{Account: "account", Name: "bucket"}

// stores are a store in memory and one on disk, each with the bucket.
func stores(t *testing.T) map[string]*r2.Store {
	t.Helper()
	stores := map[string]*r2.Store{"memory": {}, "disk": {Dir: t.TempDir()}}
	for _, s := range stores {
		_, err := s.CreateBucket(bucket.Account, r2.Bucket{Name: bucket.Name})
		require.NoError(t, err)
	}
	return stores
}

func put(t *testing.T, s *r2.Store, key, content string) r2.Object {
	t.Helper()
	object, err := s.Put(bucket, key, r2.Body{Reader: strings.NewReader(content)}, r2.PutOptions{})
	require.NoError(t, err)
	return object
}

func get(t *testing.T, s *r2.Store, key string) string {
	t.Helper()
	_, content, err := s.Get(bucket, key, r2.GetOptions{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, content.Close()) }()
	read, err := io.ReadAll(content)
	require.NoError(t, err)
	return string(read)
}

// files counts the blobs in a store's directory.
func files(t *testing.T, s *r2.Store) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.Dir, "blobs"))
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	return len(entries)
}

// TestBucketsBelongToAnAccountAndJurisdiction lets the same name stand for different buckets.
func TestBucketsBelongToAnAccountAndJurisdiction(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := s.CreateBucket("account", r2.Bucket{Name: "bucket", Jurisdiction: "default"})
			require.ErrorIs(t, err, r2.ErrBucketConflict)
			_, err = s.CreateBucket("account", r2.Bucket{Name: "bucket", Jurisdiction: "eu"})
			require.NoError(t, err)
			_, err = s.CreateBucket("another", r2.Bucket{Name: "bucket"})
			require.NoError(t, err)
			_, err = s.CreateBucket("account", r2.Bucket{Name: "bucket", Jurisdiction: "../.."})
			require.ErrorIs(t, err, r2.ErrInvalidArgument)

			put(t, s, "k", "v")
			eu := r2.BucketID{Account: "account", Jurisdiction: "eu", Name: "bucket"}
			_, err = s.Head(eu, "k")
			require.ErrorIs(t, err, r2.ErrNoSuchKey)
			require.NoError(t, s.DeleteBucket(eu))
			_, err = s.Bucket(eu)
			require.ErrorIs(t, err, r2.ErrNoSuchBucket)
			require.ErrorIs(t, s.DeleteBucket(bucket), r2.ErrBucketNotEmpty)

			_, err = s.CreateBucket("account", r2.Bucket{Name: "a-first"})
			require.NoError(t, err)
			buckets, err := s.Buckets("account", "")
			require.NoError(t, err)
			require.Len(t, buckets, 2)
			assert.Equal(t, "a-first", buckets[0].Name)
			assert.Equal(t, r2.Standard, buckets[0].StorageClass)
		})
	}
}

// TestBucketNamesAreChecked takes only what R2 takes.
func TestBucketNamesAreChecked(t *testing.T) {
	t.Parallel()
	s := new(r2.Store)
	for _, name := range []string{"", "ab", "Abc", "-abc", "abc-", "a.bc", "a_bc", strings.Repeat("a", 64), "../x"} {
		_, err := s.CreateBucket("account", r2.Bucket{Name: name})
		require.ErrorIs(t, err, r2.ErrInvalidBucketName, name)
	}
	for _, name := range []string{"abc", "0-9", strings.Repeat("a", 63)} {
		_, err := s.CreateBucket("account", r2.Bucket{Name: name})
		require.NoError(t, err, name)
	}
}

// TestObjectsAreTheCallersOwn changes what a store returned and finds it unchanged there.
func TestObjectsAreTheCallersOwn(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given := map[string]string{"a": "1"}
			object, err := s.Put(bucket, "k", r2.Body{Reader: strings.NewReader("v")}, r2.PutOptions{CustomMetadata: given})
			require.NoError(t, err)
			given["a"], object.CustomMetadata["a"] = "2", "3"
			object.Checksums[r2.MD5] = nil
			kept, err := s.Head(bucket, "k")
			require.NoError(t, err)
			assert.Equal(t, "1", kept.CustomMetadata["a"])
			assert.NotNil(t, kept.Checksums[r2.MD5])
		})
	}
}

// TestWritesDiffer gives each write of a key a version, and its time to the millisecond.
func TestWritesDiffer(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 6789012, time.FixedZone("", 3600))
	s := &r2.Store{Now: func() time.Time { return now }}
	_, err := s.CreateBucket(bucket.Account, r2.Bucket{Name: bucket.Name})
	require.NoError(t, err)
	one, two := put(t, s, "k", "v"), put(t, s, "k", "v")
	assert.NotEqual(t, one.Version, two.Version)
	assert.Equal(t, one.ETag, two.ETag)
	assert.Equal(t, time.Date(2026, 1, 2, 2, 4, 5, 6000000, time.UTC), two.Uploaded)
}

// TestLimitsAreKept refuses keys, metadata and bodies that R2 refuses, and writes nothing.
func TestLimitsAreKept(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := func() r2.Body { return r2.Body{Reader: strings.NewReader("v")} }
			for _, key := range []string{"", strings.Repeat("k", 1025), "\xff"} {
				_, err := s.Put(bucket, key, body(), r2.PutOptions{})
				require.ErrorIs(t, err, r2.ErrInvalidObjectName)
			}
			_, err := s.Put(bucket, strings.Repeat("é", 512), body(), r2.PutOptions{})
			require.NoError(t, err)
			meta := func(value string) r2.PutOptions {
				return r2.PutOptions{CustomMetadata: map[string]string{"k": value}}
			}
			for value, want := range map[string]error{
				strings.Repeat("v", 8191): nil, strings.Repeat("v", 8192): r2.ErrMetadataTooLarge,
				strings.Repeat("é", 8191): nil, strings.Repeat("鍵", 4095): nil,
				strings.Repeat("鍵", 4096): r2.ErrMetadataTooLarge,
			} {
				_, err := s.Put(bucket, "meta", body(), meta(value))
				require.ErrorIs(t, err, want)
			}
			short := body()
			short.Size = 2
			_, err = s.Put(bucket, "short", short, r2.PutOptions{})
			require.ErrorIs(t, err, r2.ErrIncompleteBody)
			broken := r2.Body{Reader: io.MultiReader(strings.NewReader("v"), iotest.ErrReader(io.ErrUnexpectedEOF))}
			_, err = s.Put(bucket, "short", broken, r2.PutOptions{})
			require.ErrorIs(t, err, r2.ErrIncompleteBody)
			_, err = s.Head(bucket, "short")
			require.ErrorIs(t, err, r2.ErrNoSuchKey)
			_, err = s.Put(r2.BucketID{Account: "account", Name: "none"}, "k", body(), r2.PutOptions{})
			require.ErrorIs(t, err, r2.ErrNoSuchBucket)
			if s.Dir != "" {
				assert.Equal(t, 2, files(t, s), "refused bodies were kept")
			}
		})
	}
}

// TestReadersKeepWhatTheyOpened reads on after the object was replaced, copied and deleted.
func TestReadersKeepWhatTheyOpened(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Repeat("0123456789", 200_000)
			put(t, s, "k", text)
			_, content, err := s.Get(bucket, "k", r2.GetOptions{})
			require.NoError(t, err)
			first := make([]byte, 1000)
			_, err = io.ReadFull(content, first)
			require.NoError(t, err)
			put(t, s, "k", "new")
			require.NoError(t, s.Delete(bucket, "k"))
			rest, err := io.ReadAll(content)
			require.NoError(t, err)
			assert.True(t, bytes.Equal([]byte(text), slices.Concat(first, rest)), "the content changed")
			require.NoError(t, content.Close())
			require.NoError(t, content.Close(), "closing twice")
			if s.Dir != "" {
				assert.Zero(t, files(t, s))
			}
		})
	}
}

// TestCopiesOutliveTheirSource shares content, not fate.
func TestCopiesOutliveTheirSource(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			put(t, s, "a", "content")
			copied, err := s.Copy(bucket, "a", bucket, "b", r2.CopyOptions{})
			require.NoError(t, err)
			_, err = s.Copy(bucket, "b", bucket, "b", r2.CopyOptions{})
			require.NoError(t, err, "onto itself")
			require.NoError(t, s.Delete(bucket, "a"))
			assert.Equal(t, "content", get(t, s, "b"))
			assert.Equal(t, int64(7), copied.Size)
			if s.Dir != "" {
				assert.Equal(t, 1, files(t, s))
			}
			require.NoError(t, s.Delete(bucket, "b"))
			if s.Dir != "" {
				assert.Zero(t, files(t, s))
			}
		})
	}
}

// TestCopiesObeyBothConditions checks the source and what is replaced.
func TestCopiesObeyBothConditions(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := put(t, s, "a", "content")
			tag := []r2.ETag{{Value: source.ETag}}
			onlyNew := r2.Conditions{NoneMatch: []r2.ETag{{Value: r2.AnyETag}}}
			_, err := s.Copy(bucket, "a", bucket, "b", r2.CopyOptions{Destination: onlyNew})
			require.NoError(t, err)
			_, err = s.Copy(bucket, "a", bucket, "b", r2.CopyOptions{Destination: onlyNew})
			require.ErrorIs(t, err, r2.ErrPreconditionFailed)
			_, err = s.Copy(bucket, "a", bucket, "c", r2.CopyOptions{Source: r2.Conditions{NoneMatch: tag}})
			require.ErrorIs(t, err, r2.ErrPreconditionFailed)
			_, err = s.Copy(bucket, "missing", bucket, "c", r2.CopyOptions{})
			require.ErrorIs(t, err, r2.ErrNoSuchKey)
		})
	}
}

// TestPartsAreNotMoved completes an upload out of order, reads it across parts, and copies it as one.
func TestPartsAreNotMoved(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upload, err := s.CreateUpload(bucket, "k", r2.UploadOptions{Algorithm: r2.CRC64NVME})
			require.NoError(t, err)
			big := bytes.Repeat([]byte("x"), 5<<20)
			var parts []r2.CompletedPart
			for _, number := range []int{9, 4} {
				content := big
				if number == 9 {
					content = []byte("tail")
				}
				part, err := s.UploadPart(bucket, "k", upload.ID, number, r2.Body{Reader: bytes.NewReader(content)})
				require.NoError(t, err)
				parts = append(parts, r2.CompletedPart{Number: number, ETag: part.ETag})
			}
			slices.Reverse(parts)
			object, err := s.CompleteUpload(bucket, "k", upload.ID, parts, nil)
			require.NoError(t, err)
			assert.Equal(t, []int64{5 << 20, 4}, object.Parts)

			for _, r := range []struct {
				r    r2.Range
				want string
			}{
				{r2.Range{Offset: 5<<20 - 2, Length: 4}, "xxta"},
				{r2.Range{Suffix: 3}, "ail"},
				{r2.Range{Offset: 5 << 20}, "tail"},
			} {
				_, content, err := s.Get(bucket, "k", r2.GetOptions{Range: r.r})
				require.NoError(t, err)
				var written bytes.Buffer
				n, err := content.WriteTo(&written)
				require.NoError(t, err)
				assert.Equal(t, r.want, written.String())
				assert.Equal(t, content.Length, n)
				require.NoError(t, content.Close())
			}
			_, content, err := s.Get(bucket, "k", r2.GetOptions{Part: 2})
			require.NoError(t, err)
			assert.Equal(t, int64(4), content.Length)
			require.NoError(t, content.Close())
			_, _, err = s.Get(bucket, "k", r2.GetOptions{Part: 3})
			require.ErrorIs(t, err, r2.ErrInvalidRange)

			copied, err := s.Copy(bucket, "k", bucket, "copy", r2.CopyOptions{})
			require.NoError(t, err)
			assert.Len(t, copied.ETag, 32, "a copy is not in parts")
			assert.Nil(t, copied.Parts)
			assert.Equal(t, get(t, s, "k"), get(t, s, "copy"))
			require.ErrorIs(t, s.AbortUpload(bucket, "k", upload.ID), r2.ErrNoSuchUpload)
		})
	}
}

// TestUploadsBelongToTheirKey finds an upload only under the key that it was begun for.
func TestUploadsBelongToTheirKey(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upload, err := s.CreateUpload(bucket, "k", r2.UploadOptions{})
			require.NoError(t, err)
			_, err = s.UploadPart(bucket, "other", upload.ID, 1, r2.Body{Reader: strings.NewReader("x")})
			require.ErrorIs(t, err, r2.ErrNoSuchUpload)
			for _, number := range []int{0, 10001} {
				_, err = s.UploadPart(bucket, "k", upload.ID, number, r2.Body{Reader: strings.NewReader("x")})
				require.ErrorIs(t, err, r2.ErrInvalidArgument)
			}
			_, err = s.UploadPart(bucket, "k", upload.ID, 1, r2.Body{Reader: strings.NewReader("x")})
			require.NoError(t, err)
			require.NoError(t, s.DeleteBucket(bucket), "uploads in progress do not keep a bucket")
			if s.Dir != "" {
				assert.Zero(t, files(t, s))
			}
		})
	}
}

// TestPartSizesAreChecked wants parts of at least 5 MiB, all but the last as long as each other.
func TestPartSizesAreChecked(t *testing.T) {
	t.Parallel()
	s := new(r2.Store)
	_, err := s.CreateBucket(bucket.Account, r2.Bucket{Name: bucket.Name})
	require.NoError(t, err)
	const least = 5 << 20
	for _, test := range []struct {
		sizes []int64
		want  error
	}{
		{[]int64{1}, nil},
		{[]int64{least, 1}, nil},
		{[]int64{least, least}, nil},
		{[]int64{least - 1, 1}, r2.ErrEntityTooSmall},
		{[]int64{least, least + 1, 1}, r2.ErrBadUpload},
		{[]int64{least, least + 1}, r2.ErrBadUpload},
	} {
		upload, err := s.CreateUpload(bucket, "k", r2.UploadOptions{})
		require.NoError(t, err)
		var parts []r2.CompletedPart
		for i, size := range test.sizes {
			body := r2.Body{Reader: io.LimitReader(zeros{}, size)}
			part, err := s.UploadPart(bucket, "k", upload.ID, i+1, body)
			require.NoError(t, err)
			parts = append(parts, r2.CompletedPart{Number: i + 1, ETag: part.ETag})
		}
		_, err = s.CompleteUpload(bucket, "k", upload.ID, parts, nil)
		require.ErrorIs(t, err, test.want, "%v", test.sizes)
	}
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestStoresComeBack opens a directory again and finds all that was there, and nothing of what was being written.
func TestStoresComeBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := &r2.Store{Dir: dir}
	_, err := s.CreateBucket("account", r2.Bucket{Name: "bucket", Location: "WEUR"})
	require.NoError(t, err)
	_, err = s.CreateBucket("account", r2.Bucket{Name: "bucket", Jurisdiction: "eu"})
	require.NoError(t, err)
	_, err = s.UpdateBucket(bucket, func(b *r2.Bucket) {
		b.Settings = map[string]json.RawMessage{"cors": json.RawMessage(`{"rules":[]}`)}
		b.Name = "renamed"
	})
	require.NoError(t, err)
	object, err := s.Put(bucket, "dir/../k\x00", r2.Body{
		Reader: strings.NewReader("content"), Algorithms: []r2.Algorithm{r2.CRC32},
	}, r2.PutOptions{
		HTTPMetadata:   r2.HTTPMetadata{ContentType: "text/plain", CacheExpiry: time.Unix(1e9, 0).UTC()},
		CustomMetadata: map[string]string{"a": "1"}, StorageClass: r2.InfrequentAccess,
	})
	require.NoError(t, err)
	_, err = s.Copy(bucket, object.Key, bucket, "copy", r2.CopyOptions{})
	require.NoError(t, err)
	upload, err := s.CreateUpload(bucket, "m", r2.UploadOptions{Algorithm: r2.SHA256})
	require.NoError(t, err)
	part, err := s.UploadPart(bucket, "m", upload.ID, 1, r2.Body{Reader: strings.NewReader("part")})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "blobs", "leftover"), []byte("x"), 0o600))

	again := &r2.Store{Dir: dir}
	kept, err := again.Head(bucket, object.Key)
	require.NoError(t, err)
	assert.Equal(t, object, kept)
	assert.Equal(t, "content", get(t, again, "copy"))
	info, err := again.Bucket(bucket)
	require.NoError(t, err)
	assert.Equal(t, "WEUR", info.Location)
	assert.JSONEq(t, `{"rules":[]}`, string(info.Settings["cors"]))
	_, err = again.Bucket(r2.BucketID{Account: "account", Jurisdiction: "eu", Name: "bucket"})
	require.NoError(t, err)
	assert.Equal(t, 2, files(t, again), "the leftover is swept away")

	done, err := again.CompleteUpload(bucket, "m", upload.ID, []r2.CompletedPart{{Number: 1, ETag: part.ETag}}, nil)
	require.NoError(t, err)
	assert.Contains(t, done.Checksums, r2.SHA256)
	assert.Equal(t, "part", get(t, &r2.Store{Dir: dir}, "m"))
	require.NoError(t, again.Delete(bucket, object.Key))
	assert.Equal(t, "content", get(t, &r2.Store{Dir: dir}, "copy"))
}

// TestUnreadableStoresSayWhy reports a description that is spoilt, instead of forgetting what it described.
func TestUnreadableStoresSayWhy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := (&r2.Store{Dir: dir}).CreateBucket("account", r2.Bucket{Name: "bucket"})
	require.NoError(t, err)
	path := filepath.Join(dir, "buckets", "account", "default", "bucket", "bucket.json")
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = (&r2.Store{Dir: dir}).Buckets("account", "")
	require.ErrorContains(t, err, "bucket.json")
}

// TestListsAgreeWithTheirMeaning compares pages with a list made the plain way, over random keys and options.
func TestListsAgreeWithTheirMeaning(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	s := new(r2.Store)
	_, err := s.CreateBucket(bucket.Account, r2.Bucket{Name: bucket.Name})
	require.NoError(t, err)
	var keys []string
	for range 60 {
		var key strings.Builder
		for range 1 + random.IntN(5) {
			key.WriteString([]string{"a", "b", "/", "//", "é"}[random.IntN(5)])
		}
		keys = append(keys, key.String())
		put(t, s, key.String(), "")
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	for _, prefix := range []string{"", "a", "a/", "é", "zz"} {
		for _, delimiter := range []string{"", "/", "b", "//"} {
			for _, after := range []string{"", "a", "a/", "b/a", "é"} {
				want := plainList(keys, prefix, delimiter, after)
				for _, limit := range []int{1, 2, 3, 7, 1000} {
					got := pagedList(t, s, r2.ListOptions{
						Prefix: prefix, Delimiter: delimiter, StartAfter: after, Limit: limit,
					})
					require.Equal(t, want, got, "prefix %q delimiter %q after %q by %d", prefix, delimiter, after, limit)
				}
			}
		}
	}
	_, err = s.List(bucket, r2.ListOptions{Limit: 1001})
	require.ErrorIs(t, err, r2.ErrInvalidMaxKeys)
	_, err = s.List(bucket, r2.ListOptions{Cursor: "not a cursor!"})
	require.ErrorIs(t, err, r2.ErrInvalidArgument)
}

func plainList(keys []string, prefix, delimiter, after string) []string {
	list := []string{}
	for _, key := range keys {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok || after != "" && key <= after {
			continue
		}
		if delimiter != "" {
			if beginning, _, folded := strings.Cut(rest, delimiter); folded {
				key = prefix + beginning + delimiter
			}
		}
		if !slices.Contains(list, key) {
			list = append(list, key)
		}
	}
	slices.Sort(list)
	return list
}

func pagedList(t *testing.T, s *r2.Store, options r2.ListOptions) []string {
	t.Helper()
	list := []string{}
	for range 100 { // More pages than there are keys: a list that goes round in circles ends, too.
		page, err := s.List(bucket, options)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Objects)+len(page.Prefixes), options.Limit)
		for _, object := range page.Objects {
			list = append(list, object.Key)
		}
		list = append(list, page.Prefixes...)
		if page.Cursor == "" {
			break
		}
		options.Cursor = page.Cursor
	}
	slices.Sort(list)
	return list
}

// TestOnlyOneOfManyWritersWins writes a new key from many sides; the race detector looks on.
func TestOnlyOneOfManyWritersWins(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var group sync.WaitGroup
			var mu sync.Mutex
			winners := 0
			for i := range 16 {
				group.Go(func() {
					_, err := s.Put(bucket, "k", r2.Body{Reader: strings.NewReader(strconv.Itoa(i))}, r2.PutOptions{
						Conditions: r2.Conditions{NoneMatch: []r2.ETag{{Value: r2.AnyETag}}},
					})
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						winners++
					} else {
						assert.ErrorIs(t, err, r2.ErrPreconditionFailed)
					}
				})
			}
			group.Wait()
			assert.Equal(t, 1, winners)
			if s.Dir != "" {
				assert.Equal(t, 1, files(t, s), "the losers' content was kept")
			}
		})
	}
}

// BenchmarkPut and BenchmarkGet move 16 MiB at a time.
func BenchmarkPut(b *testing.B) {
	for name, s := range benchmarked(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(megabytes)))
			b.ReportAllocs()
			for b.Loop() {
				_, err := s.Put(bucket, "k", r2.Body{Reader: bytes.NewReader(megabytes)}, r2.PutOptions{})
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for name, s := range benchmarked(b) {
		_, err := s.Put(bucket, "k", r2.Body{Reader: bytes.NewReader(megabytes)}, r2.PutOptions{})
		require.NoError(b, err)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(megabytes)))
			b.ReportAllocs()
			for b.Loop() {
				_, content, err := s.Get(bucket, "k", r2.GetOptions{})
				require.NoError(b, err)
				_, err = io.Copy(io.Discard, content)
				require.NoError(b, err)
				require.NoError(b, content.Close())
			}
		})
	}
}

var megabytes = bytes.Repeat([]byte("0123456789abcdef"), 1<<20)

// benchmarked are the stores of a benchmark.
func benchmarked(b *testing.B) map[string]*r2.Store {
	b.Helper()
	stores := map[string]*r2.Store{"memory": {}, "disk": {Dir: b.TempDir()}}
	for _, s := range stores {
		_, err := s.CreateBucket(bucket.Account, r2.Bucket{Name: bucket.Name})
		require.NoError(b, err)
	}
	return stores
}
