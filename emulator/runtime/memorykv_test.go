// SPDX-License-Identifier: Apache-2.0

package runtime_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// memoryKV keeps values in memory. It does not expire them.
type memoryKV struct {
	mu     sync.Mutex
	values map[string]kvValue // by account, namespace and key
}

type kvValue struct {
	value      []byte
	metadata   json.RawMessage
	expiration int64
}

func newMemoryKV() *memoryKV { return &memoryKV{values: map[string]kvValue{}} }

func (m *memoryKV) Get(account, namespace, key string) ([]byte, json.RawMessage, int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[account+"/"+namespace+"/"+key]
	return v.value, v.metadata, v.expiration, ok
}

func (m *memoryKV) Put(account, namespace, key string, value []byte, metadata json.RawMessage, expiration int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[account+"/"+namespace+"/"+key] = kvValue{value, metadata, expiration}
	return nil
}

func (m *memoryKV) Delete(account, namespace, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, account+"/"+namespace+"/"+key)
	return nil
}

func (m *memoryKV) List(
	account, namespace, prefix, cursor string, limit int,
) (keys []runtime.KVKey, next string, complete bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, full := range slices.Sorted(maps.Keys(m.values)) {
		name, ok := strings.CutPrefix(full, account+"/"+namespace+"/")
		if !ok || !strings.HasPrefix(name, prefix) || cursor != "" && name <= cursor {
			continue
		}
		if len(keys) == limit {
			return keys, keys[len(keys)-1].Name, false
		}
		v := m.values[full]
		keys = append(keys, runtime.KVKey{Name: name, Expiration: v.expiration, Metadata: v.metadata})
	}
	return keys, "", true
}
