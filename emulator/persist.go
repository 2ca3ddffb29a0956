// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pulumi-cloudflare-workers/pulumi-cloudflare-workers/emulator/r2"
)

// DataDir holds:
//
//	state.json      a snapshot of everything the API knows, replaced as a whole at each change
//	blobs/<digest>  the content of modules and static assets, never changed once written
//	kv/             one file for each key
//	queues/         one file for each message
//	r2/             the object store's own files
//	d1/             the runtime's SQLite files of D1 databases
//	objects/        the data of Durable Objects, as the runtime keeps it
//
// A blob is written before the snapshot that names it, and a file appears under its name only when it is complete, so
// whatever moment the server dies at, the directory holds a consistent state.

// load reads DataDir, or begins with nothing.
func (s *Server) load() (err error) {
	s.state = &state{Accounts: map[string]*account{}, Zones: map[string]*zone{}}
	kvDir, r2Dir := "", ""
	if s.DataDir != "" {
		kvDir, r2Dir = filepath.Join(s.DataDir, "kv"), filepath.Join(s.DataDir, "r2")
	}
	if r2Dir != "" {
		// For the owner only, whatever the modes of the files below it.
		if err := os.MkdirAll(r2Dir, 0o700); err != nil {
			return fmt.Errorf("prepare data directory: %w", err)
		}
	}
	if s.R2 == nil {
		s.R2 = &r2.Store{Dir: r2Dir, Now: s.clock}
	}
	if s.kv, err = newKVStore(kvDir, s.clock); err != nil || s.DataDir == "" {
		return err
	}
	text, err := os.ReadFile(s.snapshot())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if err := json.Unmarshal(text, s.state); err != nil {
		return fmt.Errorf("read state in %q: %w", s.snapshot(), err)
	}
	return s.eachBlob(func(digest string, content *[]byte) (err error) {
		if *content, err = os.ReadFile(s.blob(digest)); err != nil {
			return fmt.Errorf("read state: %w", err)
		}
		return nil
	})
}

func (s *Server) snapshot() string          { return filepath.Join(s.DataDir, "state.json") }
func (s *Server) blob(digest string) string { return filepath.Join(s.DataDir, "blobs", digest) }

// eachBlob calls visit for the content of all modules and assets.
func (s *Server) eachBlob(visit func(digest string, content *[]byte) error) error {
	for _, a := range s.state.Accounts {
		for _, file := range a.Assets {
			if err := visit(file.Digest, &file.Content); err != nil {
				return err
			}
		}
		for _, w := range a.Workers {
			for _, v := range w.Versions {
				for i := range v.Modules {
					if err := visit(v.Modules[i].Digest, &v.Modules[i].Content); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// save keeps the state in DataDir.
func (s *Server) save() error {
	if s.DataDir == "" {
		return nil
	}
	err := s.eachBlob(func(digest string, content *[]byte) error {
		if _, err := os.Stat(s.blob(digest)); err == nil {
			return nil
		}
		return writeFile(s.blob(digest), *content)
	})
	if err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	text, err := json.Marshal(s.state)
	if err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	if err := writeFile(s.snapshot(), text); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

// writeFile writes a file for its owner only, so that it appears under its name complete or not at all.
func writeFile(name string, data []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if _, err := file.Write(data); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Sync(); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}
