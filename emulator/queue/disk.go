// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// disk keeps each message in a file of its own, <queue id>/<message id>.json, which is replaced as a whole. The empty
// disk keeps nothing.
type disk string

func (d disk) folder(queue string) string { return filepath.Join(string(d), queue) }
func (d disk) file(queue string, m *Message) string {
	return filepath.Join(d.folder(queue), m.ID+".json")
}

// load returns all messages by the ids of their queues, in the order in which they are due, and the highest number.
func (d disk) load() (map[string][]*Message, uint64, error) {
	loaded, last := map[string][]*Message{}, uint64(0)
	if d == "" {
		return loaded, 0, nil
	}
	files, err := filepath.Glob(filepath.Join(string(d), "*", "*.json"))
	if err != nil {
		return nil, 0, fmt.Errorf("list messages in %q: %w", string(d), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, 0, fmt.Errorf("read message: %w", err)
		}
		m := &Message{}
		if err := json.Unmarshal(text, m); err != nil {
			return nil, 0, fmt.Errorf("read message %q: %w", file, err)
		}
		queue := filepath.Base(filepath.Dir(file))
		loaded[queue] = append(loaded[queue], m)
		last = max(last, m.Number)
	}
	for _, messages := range loaded {
		slices.SortFunc(messages, inOrder)
	}
	return loaded, last, nil
}

// save writes a message, so that its file is there complete or not at all.
func (d disk) save(queue string, m *Message) error {
	if d == "" {
		return nil
	}
	text, err := json.Marshal(m)
	if err == nil {
		err = d.write(d.file(queue, m), text)
	}
	if err != nil {
		return fmt.Errorf("keep message: %w", err)
	}
	return nil
}

func (d disk) write(name string, text []byte) (err error) {
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
	if _, err := file.Write(text); err != nil {
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

// remove removes a message's file. It is no error if there is none.
func (d disk) remove(queue string, m *Message) error {
	if d == "" {
		return nil
	}
	if err := os.Remove(d.file(queue, m)); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("forget message: %w", err)
	}
	return nil
}

// drop removes the files of a queue.
func (d disk) drop(queue string) error {
	if d == "" {
		return nil
	}
	if err := os.RemoveAll(d.folder(queue)); err != nil {
		return fmt.Errorf("forget messages: %w", err)
	}
	return nil
}
