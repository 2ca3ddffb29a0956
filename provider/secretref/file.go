// SPDX-License-Identifier: Apache-2.0

package secretref

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

var (
	errTooLarge = fmt.Errorf("larger than %d KiB, the most that is read", sizeLimit>>10)
	errNotText  = errors.New("not valid UTF-8: a secret's value is text; encode it, for example as base64")
)

// readFile returns the value in a file. Its errors name the file by its absolute path.
func readFile(path string) (string, error) {
	if absolute, err := filepath.Abs(path); err == nil { // else the working directory is gone, which the error will say
		path = absolute
	}
	content, err := readRegular(path)
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		err = of.Err // without the path, which is named here
	}
	value := ""
	if err == nil {
		value, err = decode(content)
	}
	if err != nil {
		return "", fmt.Errorf("read the file %q: %w", path, err)
	}
	return value, nil
}

// readRegular returns at most one byte more than [sizeLimit] of a file.
func readRegular(path string) ([]byte, error) {
	// Before it is opened: to open a named pipe waits for a writer, and to open a device can do anything.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, errors.New("it is a directory: name a file in it")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is a device, pipe or socket: name a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from: nothing to lose
	return io.ReadAll(io.LimitReader(f, sizeLimit+1))
}
