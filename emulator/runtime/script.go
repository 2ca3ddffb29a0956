// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"encoding/json"
	"time"
)

// Script is one immutable version of a Worker: its code, its settings and its bindings.
type Script struct {
	Account string // account id
	Name    string // the Worker's name
	// VersionID is the version's UUID. Two scripts of one account and name with the same id are taken to be
	// the same script, so it must change when anything else does.
	VersionID string
	Tag       string    // the version's tag, shown by version_metadata bindings; may be empty
	Alias     string    // the version's preview alias; empty: none
	Created   time.Time // when the version was made, shown by version_metadata bindings; zero: left empty

	// MainModule names the module whose exports are the Worker. Empty: BodyPart is set instead.
	MainModule string
	// BodyPart names the part that holds a Worker in service-worker syntax.
	BodyPart string
	// Modules are all uploaded parts. In service-worker syntax they include the parts that wasm_module,
	// text_blob and data_blob bindings name.
	Modules []Module

	CompatibilityDate  string // "2006-01-02"; empty: 2021-11-02, Cloudflare's for uploads that have none
	CompatibilityFlags []string

	// Assets tells whether the version has static assets, which [Runtime.Assets] serves. With them it needs no code.
	Assets bool

	// Tails name the Workers of the account whose tail handlers get the traces of this one, StreamingTails those whose
	// tailStream handlers do. They are settings of the Worker and not of the version: alone they may change while
	// VersionID does not.
	Tails, StreamingTails []string

	// Bindings are in the shape of the API's metadata: each has "type" and "name". Values of secrets are
	// included in their "text".
	Bindings []json.RawMessage
}

// Module is one part of an upload.
type Module struct {
	Name        string // as imported; imports are relative to the importing module's name
	ContentType string // decides what importing it yields; parameters such as charset are ignored
	Content     []byte
}

// scriptKey identifies a version among all accounts.
type scriptKey struct{ account, name, version string }

func (s *Script) key() scriptKey { return scriptKey{s.Account, s.Name, s.VersionID} }

// workerKey identifies a Worker among all accounts.
type workerKey struct{ account, name string }
