// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/runtime"
)

// kvStore holds the values of all KV namespaces. It has a lock of its own, because Workers write to it while the API is
// busy. It implements [runtime.KV].
type kvStore struct {
	dir string // of one file for each key; empty: memory only
	now func() time.Time

	mu     sync.RWMutex
	values map[string]map[string]kvValue // by account and namespace, then by key
}

// kvValue is what a key holds.
type kvValue struct {
	Key        string          `json:"key"`
	Value      []byte          `json:"value"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	Expiration int64           `json:"expiration,omitempty"` // seconds since the epoch; 0: never
}

// newKVStore returns the store with what dir holds. An empty dir keeps nothing.
func newKVStore(dir string, now func() time.Time) (*kvStore, error) {
	k := &kvStore{dir: dir, now: now, values: map[string]map[string]kvValue{}}
	if dir == "" {
		return k, nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*", "*.json"))
	if err != nil {
		return nil, fmt.Errorf("list KV values in %q: %w", dir, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read KV value: %w", err)
		}
		var value kvValue
		if err := json.Unmarshal(text, &value); err != nil {
			return nil, fmt.Errorf("read KV value %q: %w", file, err)
		}
		namespace := filepath.Dir(file)
		k.in(filepath.Base(filepath.Dir(namespace)), filepath.Base(namespace))[value.Key] = value
	}
	return k, nil
}

// in returns the values of a namespace, to read and to write.
func (k *kvStore) in(account, namespace string) map[string]kvValue {
	id := account + "/" + namespace
	if k.values[id] == nil {
		k.values[id] = map[string]kvValue{}
	}
	return k.values[id]
}

func (k *kvStore) folder(account, namespace string) string {
	return filepath.Join(k.dir, account, namespace)
}

func (k *kvStore) file(account, namespace, key string) string {
	return filepath.Join(k.folder(account, namespace), digestOf([]byte(key))+".json")
}

// Get implements [runtime.KV].
func (k *kvStore) Get(account, namespace, key string) ([]byte, json.RawMessage, int64, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	value, ok := k.values[account+"/"+namespace][key]
	if !ok || k.expired(value) {
		return nil, nil, 0, false
	}
	return slices.Clone(value.Value), value.Metadata, value.Expiration, true
}

// expired reports whether the value's time is over.
func (k *kvStore) expired(value kvValue) bool {
	return value.Expiration != 0 && value.Expiration <= k.now().Unix()
}

// Put implements [runtime.KV].
func (k *kvStore) Put(
	account, namespace, key string, data []byte, metadata json.RawMessage, expiration int64,
) error {
	value := kvValue{Key: key, Value: slices.Clone(data), Metadata: metadata, Expiration: expiration}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dir != "" {
		text, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("write KV value: %w", err)
		}
		if err := writeFile(k.file(account, namespace, key), text); err != nil {
			return fmt.Errorf("write KV value: %w", err)
		}
	}
	k.in(account, namespace)[key] = value
	return nil
}

// Delete implements [runtime.KV].
func (k *kvStore) Delete(account, namespace, key string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dir != "" {
		if err := os.Remove(k.file(account, namespace, key)); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("delete KV value: %w", err)
		}
	}
	delete(k.in(account, namespace), key)
	return nil
}

// List implements [runtime.KV]. The cursor is the last key of the page before.
func (k *kvStore) List(account, namespace, prefix, cursor string, limit int) ([]runtime.KVKey, string, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var keys []runtime.KVKey
	for key, value := range k.values[account+"/"+namespace] {
		if strings.HasPrefix(key, prefix) && key > cursor && !k.expired(value) {
			keys = append(keys, runtime.KVKey{Name: key, Expiration: value.Expiration, Metadata: value.Metadata})
		}
	}
	slices.SortFunc(keys, func(a, b runtime.KVKey) int { return strings.Compare(a.Name, b.Name) })
	if len(keys) <= limit {
		return keys, "", true
	}
	return keys[:limit], keys[limit-1].Name, false
}

// drop forgets a namespace with all its keys.
func (k *kvStore) drop(account, namespace string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.values, account+"/"+namespace)
	if k.dir == "" {
		return nil
	}
	if err := os.RemoveAll(k.folder(account, namespace)); err != nil {
		return fmt.Errorf("delete KV namespace: %w", err)
	}
	return nil
}
