// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestABodyHasOneReaderAtATime(t *testing.T) {
	t.Parallel()
	src := strings.NewReader("head:body")
	_, err := src.Seek(5, io.SeekStart)
	require.NoError(t, err)
	r, err := newReplay(src)
	require.NoError(t, err)
	assert.Equal(t, int64(4), r.size)

	first, err := r.open()
	require.NoError(t, err)
	b := make([]byte, 2)
	_, err = io.ReadFull(first, b)
	require.NoError(t, err)
	assert.Equal(t, "bo", string(b))

	second, err := r.open()
	require.NoError(t, err)
	_, err = first.Read(b)
	require.ErrorIs(t, err, io.ErrClosedPipe, "the reader before may not take bytes away")
	require.NoError(t, first.Close(), "nor may its end be the end of the next")
	all, err := io.ReadAll(second)
	require.NoError(t, err)
	assert.Equal(t, "body", string(all))

	third, err := r.open()
	require.NoError(t, err)
	require.NoError(t, third.Close())
	_, err = third.Read(b)
	require.ErrorIs(t, err, io.ErrClosedPipe)

	fourth, err := r.open()
	require.NoError(t, err)
	r.revoke()
	_, err = fourth.Read(b)
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

func TestADigestLeavesTheBodyAtItsStart(t *testing.T) {
	t.Parallel()
	r, err := newReplay(strings.NewReader("hello"))
	require.NoError(t, err)
	sum, err := r.sha256()
	require.NoError(t, err)
	assert.Equal(t, sampleSHA256, sum)
	body, err := r.open()
	require.NoError(t, err)
	all, err := io.ReadAll(body)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(all))
}
