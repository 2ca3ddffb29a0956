// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
)

//go:embed js/d1.js
var d1Source []byte

// d1Key is the unique key of the class of databases in js/d1.js, and the directory below [Runtime.D1Dir] in which
// workerd keeps them. Another key is another set of databases.
const d1Key = "database"

// d1Host holds the D1 databases in a workerd of its own. Workers are not in it, and Durable Objects of Workers must not
// be: a generation is replaced by the next one while it still works, but of the processes that hold SQLite files there
// must never be two.
type d1Host struct {
	// use is held for reading while a database is used, and for writing while one is deleted.
	use       sync.RWMutex
	bookmarks atomic.Uint32

	mu      sync.Mutex // guards what follows; held during a start
	closed  bool
	process *d1Process // nil before the first start
}

// d1Process is a running storage.
type d1Process struct {
	proc   *process
	client *http.Client
}

// d1Storage returns the storage, which is started if it does not run.
func (r *Runtime) d1Storage() (*d1Process, error) {
	r.mu.Lock()
	shared, err := r.sharedLocked()
	closing := r.closingLocked()
	r.mu.Unlock()
	if err != nil {
		return nil, err
	}
	h := &r.d1
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, errClosed
	case h.process != nil && !h.process.proc.ended():
		return h.process, nil
	case h.process != nil:
		h.process.client.CloseIdleConnections()
		r.logLine("d1", "the storage ended and is started again")
	}
	h.process = nil
	dir, err := filepath.Abs(r.d1Dir(shared))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// Nobody but this user reaches it: neither other users of this machine nor Workers, which may reach its ports.
	socket := filepath.Join(shared.scratch, "d1.sock")
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	files := fileSet{}
	proc, err := startProcess(closing, startTimeout, shared, d1Configuration(files, dir, socket), files, stable,
		nil, &lineWriter{line: func(text string) { r.logLine("d1", text) }})
	if err != nil {
		return nil, err
	}
	h.process = &d1Process{proc: proc, client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		},
	}}}
	return h.process, nil
}

// d1Dir is where the databases are.
func (r *Runtime) d1Dir(shared *shared) string {
	if r.D1Dir != "" {
		return r.D1Dir
	}
	return filepath.Join(shared.scratch, "d1")
}

// d1Configuration writes the configuration of the storage.
func d1Configuration(files fileSet, dir, socket string) string {
	return configuration([]string{
		fmt.Sprintf(`(name = "d1", worker = (modules = [(name = "d1.js", esModule = %s)], compatibilityDate = %s, `+
			`bindings = [(name = "DATABASE", durableObjectNamespace = "Database")], `+
			`durableObjectNamespaces = [(className = "Database", uniqueKey = %s, enableSql = true)], `+
			`durableObjectStorage = (localDisk = "disk"), globalOutbound = %s))`,
			files.embed(d1Source), quote(systemDate), quote(d1Key), quote(networkService)),
		fmt.Sprintf(`(name = "disk", disk = (path = %s, writable = true))`, quote(dir)),
		fmt.Sprintf(`(name = %s, network = (allow = []))`, quote(networkService)),
	}, []string{
		fmt.Sprintf(`(name = "http", address = %s, http = (), service = "d1")`, quote("unix:"+socket)),
	}, nil)
}

var objectID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// DropD1 deletes a database with all that is in it. It must not be in the world any more. It is no error if it was
// never used.
func (r *Runtime) DropD1(ctx context.Context, database D1Database) error {
	r.d1.use.Lock()
	defer r.d1.use.Unlock()
	if r.hasD1(database) {
		return errors.New("delete D1 database: it is still in the world")
	}
	r.mu.Lock()
	shared, err := r.sharedLocked()
	r.mu.Unlock()
	if err != nil {
		return fmt.Errorf("delete D1 database: %w", err)
	}
	dir := filepath.Join(r.d1Dir(shared), d1Key)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil // no database was ever used
	}
	var dropped struct {
		ID string `json:"id"`
	}
	if err := r.callD1(ctx, database, &dropped, "drop"); err != nil {
		return fmt.Errorf("delete D1 database: %w", err)
	}
	if !objectID.MatchString(dropped.ID) {
		return fmt.Errorf("delete D1 database: storage answered %q, which is no object's id", dropped.ID)
	}
	files, err := filepath.Glob(filepath.Join(dir, dropped.ID+".sqlite*"))
	if err != nil {
		return fmt.Errorf("delete D1 database: %w", err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("delete D1 database: %w", err)
		}
	}
	return nil
}

// close stops the storage for good.
func (h *d1Host) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	if h.process != nil {
		h.process.client.CloseIdleConnections()
		h.process.proc.stop()
		h.process = nil
	}
}
