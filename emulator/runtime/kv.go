// SPDX-License-Identifier: Apache-2.0

package runtime

import "encoding/json"

// KV is the backend of kv_namespace bindings. Implementations must be safe for concurrent use. Keys and sizes
// have been checked against KV's limits before a method is called; namespace is the namespace's id.
type KV interface {
	// Get returns what is stored. Expiration is in seconds since the epoch, 0 for none; metadata is JSON or nil.
	// A key that expired or never was is not ok.
	Get(account, namespace, key string) (value []byte, metadata json.RawMessage, expiration int64, ok bool)
	// Put stores value, replacing what was there.
	Put(account, namespace, key string, value []byte, metadata json.RawMessage, expiration int64) error
	// Delete forgets a key. It is no error if there is none.
	Delete(account, namespace, key string) error
	// List returns up to limit keys that start with prefix, in the order of their bytes, beginning after cursor
	// (empty: at the start). If more remain, complete is false and next is the cursor for them.
	List(account, namespace, prefix, cursor string, limit int) (keys []KVKey, next string, complete bool)
}

// KVKey is an entry of a key list.
type KVKey struct {
	Name       string
	Expiration int64           // seconds since the epoch; 0: never
	Metadata   json.RawMessage // nil: none
}
