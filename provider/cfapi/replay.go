// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
)

// replay hands out the rest of a body again and again. At most one of the readers
// works: net/http may go on reading the body of a request whose response has come,
// and must not take bytes from the next attempt, nor from the body's owner.
type replay struct {
	size int64 // in bytes

	mu    sync.Mutex
	src   io.ReadSeeker
	start int64
	turn  int // number of the reader that may read
}

// newReplay returns a replay of src from its current position.
func newReplay(src io.ReadSeeker) (*replay, error) {
	start, err := src.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, fmt.Errorf("the body's position: %w", err)
	}
	end, err := src.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("the body's end: %w", err)
	}
	if _, err := src.Seek(start, io.SeekStart); err != nil {
		return nil, fmt.Errorf("the body's position: %w", err)
	}
	return &replay{size: end - start, src: src, start: start}, nil
}

// open returns a reader of the whole body. Those that were returned before end.
func (r *replay) open() (io.ReadCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn++
	if _, err := r.src.Seek(r.start, io.SeekStart); err != nil {
		return nil, err
	}
	return &replayReader{of: r, turn: r.turn}, nil
}

// revoke ends all readers.
func (r *replay) revoke() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn++
}

// sha256 reads the body and returns its digest in hex.
func (r *replay) sha256() (string, error) {
	body, err := r.open()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, body); err != nil {
		return "", fmt.Errorf("the body: %w", err)
	}
	_, err = r.open() // back to the start
	return hex.EncodeToString(sum.Sum(nil)), err
}

type replayReader struct {
	of   *replay
	turn int
}

func (r *replayReader) Read(p []byte) (int, error) {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.turn != r.of.turn {
		return 0, io.ErrClosedPipe
	}
	return r.of.src.Read(p)
}

func (r *replayReader) Close() error {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.turn == r.of.turn {
		r.of.turn++
	}
	return nil
}
