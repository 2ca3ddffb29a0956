// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"sync"
)

// A vault holds the values of secrets between the Check that sealed them and the
// Create or Update, in the same process, that sends them. It is the only place
// where they are kept.
type vault struct {
	mu     sync.Mutex
	values map[string][]byte // by fingerprint

	// resolve finds the value that a text in a program stands for; nil: the text itself.
	resolve func(ctx context.Context, text string) (string, error)
}

type vaultKey struct{}

// vaultOf returns the vault of the provider that serves the request.
func vaultOf(ctx context.Context) *vault {
	if v, ok := ctx.Value(vaultKey{}).(*vault); ok {
		return v
	}
	return &vault{} // outside a provider there are no values
}

func (v *vault) put(fingerprint string, value []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.values == nil {
		v.values = map[string][]byte{}
	}
	clear(v.values[fingerprint])
	v.values[fingerprint] = value
}

// value returns the value behind a fingerprint, if it was checked in this process.
func (v *vault) value(fingerprint string) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	value, ok := v.values[fingerprint]
	return string(value), ok
}

func (v *vault) holds(fingerprint string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, ok := v.values[fingerprint]
	return ok
}

// release forgets a value and overwrites its memory.
func (v *vault) release(fingerprint string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	clear(v.values[fingerprint])
	delete(v.values, fingerprint)
}
