// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// objectsDrainTimeout is how long a replaced process that has Durable Objects may go on with what it does. Requests
	// wait at the front door for as long, since its successor cannot start before: the objects exist once. What an
	// object does in 30 seconds on Cloudflare
	// (https://developers.cloudflare.com/durable-objects/reference/in-memory-state/) it has less time for here.
	objectsDrainTimeout = 5 * time.Second
	// socketsStopTimeout is how long a process may take to end whose WebSockets were closed. A class without a method
	// webSocketClose would keep it for ever.
	socketsStopTimeout = 500 * time.Millisecond
	// objectsLockTimeout is how long a process that somebody else left behind may take to end.
	objectsLockTimeout = 5 * time.Second
	// objectsLockPause is the time between two looks at the lock.
	objectsLockPause = 10 * time.Millisecond
)

// objectsService is the name of the service that is the directory with the objects' data.
const objectsService = "objects"

// objectsLock is the name of the file whose lock is held by the process that uses the directory.
const objectsLock = ".lock"

// errLocked is returned by lockFile when another process holds the lock.
var errLocked = errors.New("locked by another process")

// ObjectNamespace is a namespace of Durable Objects: a class of a Worker and the data of its objects.
type ObjectNamespace struct {
	// ID names the data. It is the name of a directory, and must differ from those of all other namespaces that
	// there ever were. Objects keep their ids and their data as long as it stays, whatever the class is called and
	// whichever Worker has it.
	ID     string
	Class  string // name of the export
	SQLite bool   // whether objects may use SQL; else they have the key-value interface only
}

// objectsHome is where the objects of a namespace run.
type objectsHome struct {
	worker workerKey
	script scriptKey // the Worker's version that runs them
	class  string
}

// objects are the namespaces of a world.
type objects struct {
	dir    string                          // absolute path of the directory with their data
	hosted map[scriptKey][]ObjectNamespace // by the version that runs the objects
	homes  map[string]objectsHome          // by id

	flows     map[scriptKey][]Workflow     // by the version that runs the instances
	workflows map[workflowKey]workflowHome // by account and name
	known     map[string]bool              // ids of namespaces and Workflows
}

// newObjects prepares the namespaces of world.
func newObjects(world World) objects {
	o := objects{
		hosted: map[scriptKey][]ObjectNamespace{}, homes: map[string]objectsHome{},
		flows: map[scriptKey][]Workflow{}, workflows: map[workflowKey]workflowHome{}, known: map[string]bool{},
	}
	for i := range world.Workers {
		w := &world.Workers[i]
		for _, f := range w.Workflows {
			o.known[f.ID] = true
		}
		s, flows := w.primary(), w.runnable()
		if s == nil || len(w.Objects)+len(flows) == 0 {
			continue
		}
		o.hosted[s.key()], o.flows[s.key()] = w.Objects, flows
		for _, n := range w.Objects {
			o.homes[n.ID] = objectsHome{worker: w.key(), script: s.key(), class: n.Class}
			o.known[n.ID] = true
		}
		for _, f := range flows {
			o.workflows[workflowKey{w.Account, f.Name}] = workflowHome{Workflow: f, worker: w.key()}
		}
	}
	return o
}

// objectsBinding has the fields of a durable_object_namespace binding.
type objectsBinding struct {
	Type        string `json:"type"`
	ClassName   string `json:"class_name"`
	ScriptName  string `json:"script_name"`
	NamespaceID string `json:"namespace_id"`
}

// home returns where the objects are that a binding of s names: by the namespace's id, which renames and transfers do
// not change, or without one by Worker and class.
func (o objects) home(s *Script, b objectsBinding) (objectsHome, bool) {
	if b.NamespaceID != "" {
		home, ok := o.homes[b.NamespaceID]
		return home, ok
	}
	worker := workerKey{s.Account, cmp.Or(b.ScriptName, s.Name)}
	for _, home := range o.homes {
		if home.worker == worker && home.class == b.ClassName {
			return home, true
		}
	}
	return objectsHome{}, false
}

// target returns the Worker that a binding needs to be there, if it is one of objects.
func (o objects) target(s *Script, raw json.RawMessage) (workerKey, bool) {
	var b objectsBinding
	if err := json.Unmarshal(raw, &b); err != nil || b.Type != "durable_object_namespace" {
		return workerKey{}, false // reported when the binding is written
	}
	home, ok := o.home(s, b)
	return home.worker, ok
}

// bindObjects gives a namespace of Durable Objects, which always runs the deployed version of its Worker.
func bindObjects(l *linker, s *Script, b binding) (string, error) {
	var fields objectsBinding
	if err := b.decode(&fields); err != nil {
		return "", err
	}
	home, ok := l.objects.home(s, fields)
	if !ok {
		return missing(fmt.Sprintf("binding %q: there is no Durable Object class %q", b.Name, fields.ClassName)), nil
	}
	if home.script == s.key() {
		return fmt.Sprintf("durableObjectNamespace = (className = %s)", quote(home.class)), nil
	}
	service, problem := l.service(home.worker)
	if problem != "" {
		return missing(problem), nil
	}
	return fmt.Sprintf("durableObjectNamespace = (className = %s, serviceName = %s)",
		quote(home.class), quote(service)), nil
}

// host writes the fields of a Worker literal that make s the home of its namespaces. It is empty if s has none.
func (o objects) host(s *Script, storage string) string {
	if len(o.hosted[s.key()]) == 0 {
		return ""
	}
	var literals []string
	for _, n := range o.hosted[s.key()] {
		literals = append(literals, fmt.Sprintf("(className = %s, uniqueKey = %s, enableSql = %t)",
			quote(n.Class), quote(n.ID), n.SQLite))
	}
	return fmt.Sprintf(", durableObjectNamespaces = %s, durableObjectStorage = (%s)", list(literals), storage)
}

// diskService writes the service that is the directory with the objects' data.
func (o objects) diskService() string {
	return fmt.Sprintf("(name = %s, disk = (path = %s, writable = true))", quote(objectsService), quote(o.dir))
}

// trialObjects are the namespaces with which an upload is tried: the classes of its own that it binds. They are empty
// and forgotten afterwards.
func trialObjects(s *Script) objects {
	w := Worker{Account: s.Account, Name: s.Name, Split: []Weighted{{Script: *s}}}
	for _, raw := range s.Bindings {
		var b objectsBinding
		if err := json.Unmarshal(raw, &b); err != nil || b.Type != "durable_object_namespace" {
			continue // reported when the binding is written
		}
		known := slices.ContainsFunc(w.Objects, func(n ObjectNamespace) bool { return n.Class == b.ClassName })
		if b.ScriptName == "" || b.ScriptName == s.Name {
			if id := b.NamespaceID; !known {
				if id == "" {
					id = b.ClassName
				}
				w.Objects = append(w.Objects, ObjectNamespace{ID: id, Class: b.ClassName, SQLite: true})
			}
		}
	}
	return newObjects(World{Workers: []Worker{w}})
}

// objectsDir returns the absolute path of the directory with the objects' data.
func (r *Runtime) objectsDir(shared *shared) (string, error) {
	if r.ObjectsDir != "" {
		return filepath.Abs(r.ObjectsDir)
	}
	return filepath.Abs(filepath.Join(shared.scratch, "objects"))
}

// Objects returns the ids of the Durable Objects of a namespace that have stored something, sorted.
func (r *Runtime) Objects(namespaceID string) ([]string, error) {
	r.mu.Lock()
	shared, err := r.sharedLocked()
	r.mu.Unlock()
	if err != nil {
		return nil, err
	}
	dir, err := r.objectsDir(shared)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(dir, filepath.Base(namespaceID)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var ids []string
	for _, entry := range entries {
		// metadata.sqlite has the alarms; an id is 64 hex digits.
		if id, ok := strings.CutSuffix(entry.Name(), ".sqlite"); ok && id != "metadata" {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// claimObjects makes sure that no process uses the directory with the objects' data, deletes the data of namespaces
// that are gone, and returns the lock of the directory for the process that is to use it next. The lock is nil if that
// has no objects.
//
// Two processes must never have an object at the same time. The order sees to it: a generation with objects has ended
// before its successor starts. The lock proves it: the process inherits it and the kernel releases it when the process
// is gone, even if whoever started it is not there any more.
func (r *Runtime) claimObjects(o objects, next *layout, closing <-chan struct{}) (lock *os.File, err error) {
	r.stopObjects(closing)
	if next.objects {
		if err := os.MkdirAll(o.dir, 0o700); err != nil {
			return nil, fmt.Errorf("directory of Durable Objects: %w", err)
		}
	} else if _, err := os.Stat(o.dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if lock, err = waitForLock(filepath.Join(o.dir, objectsLock), closing); err != nil {
		return nil, fmt.Errorf("directory of Durable Objects %s: %w", o.dir, err)
	}
	if err := errors.Join(o.purge(), o.makeWorkflowDirs()); err != nil {
		return nil, errors.Join(fmt.Errorf("directory of Durable Objects: %w", err), lock.Close())
	}
	if !next.objects {
		return nil, lock.Close()
	}
	return lock, nil
}

// waitForLock returns a locked file. It waits for whoever holds the lock, but not for long.
func waitForLock(path string, closing <-chan struct{}) (*os.File, error) {
	timeout := time.NewTimer(objectsLockTimeout)
	defer timeout.Stop()
	pause := time.NewTicker(objectsLockPause)
	defer pause.Stop()
	for {
		lock, err := lockFile(path)
		if !errors.Is(err, errLocked) {
			return lock, err
		}
		select {
		case <-pause.C:
		case <-timeout.C:
			return nil, err
		case <-closing:
			return nil, errClosed
		}
	}
}

// purge deletes the data of all namespaces but those of o. Nobody may use the directory.
func (o objects) purge() error {
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if o.known[entry.Name()] || !entry.IsDir() {
			continue
		}
		err = errors.Join(err, os.RemoveAll(filepath.Join(o.dir, entry.Name())))
	}
	return err
}

// stopObjects ends the current generation if it has objects. It gets no new requests, its WebSockets are closed, and it
// has a bounded time to finish the rest.
func (r *Runtime) stopObjects(closing <-chan struct{}) {
	r.mu.Lock()
	g := r.current
	if g == nil || !g.layout.objects {
		r.mu.Unlock()
		return
	}
	r.current = nil
	g.retired = true
	stop := g.proc.stop
	for l, hangUp := range g.sockets {
		hangUp()
		r.finishedLocked(l.invocation)
		stop = func() { g.proc.stopWithin(socketsStopTimeout) }
	}
	g.settleLocked()
	r.mu.Unlock()
	timeout := time.NewTimer(objectsDrainTimeout)
	defer timeout.Stop()
	select {
	case <-g.idle:
		stop()
	case <-g.proc.done:
	case <-timeout.C:
		stop()
	case <-closing:
		g.proc.kill()
		<-g.proc.done
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetLocked(g)
}

// holdSocket notes that the leased request became a WebSocket, which would keep its generation for ever, and how to end
// it.
func (l *lease) holdSocket(hangUp func()) {
	r, g := l.runtime, l.generation
	r.mu.Lock()
	defer r.mu.Unlock()
	if g.retired && g.layout.objects {
		hangUp()
		return
	}
	if g.sockets == nil {
		g.sockets = map[*lease]func(){}
	}
	g.sockets[l] = hangUp
}

// wakeLocked starts what has objects without waiting for a request: their alarms fire by themselves. It does nothing
// where there are none. r.mu must be held.
func (r *Runtime) wakeLocked() {
	had := r.current != nil && r.current.layout.objects
	if !r.closed && r.world != nil && (had || len(r.world.objects.hosted) > 0) {
		r.startLocked()
	}
}

// revive starts the successor of a generation that ended by itself, if it has objects.
func (r *Runtime) revive(g *generation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == g {
		r.wakeLocked()
	}
}
