// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

const (
	// maxDepth is how many archives may lie inside one another.
	maxDepth = 4
	// maxMember bounds what is unpacked of each.
	maxMember = 64 << 20
)

// member is a part of an archive.
type member struct {
	name    string
	content []byte
}

// unpack returns what is compressed in data: gzip streams, wherever they begin, and the members of a zip file. A
// damaged one is read as far as it goes: whoever wrote it may have been killed.
func unpack(data []byte) []member {
	var list []member
	for at := 0; ; at++ {
		next := bytes.Index(data[at:], []byte{0x1f, 0x8b, 8}) // gzip with deflate: RFC 1952
		if next < 0 {
			break
		}
		at += next
		if content := gunzip(data[at:]); len(content) > 0 {
			list = append(list, untar(fmt.Sprintf("gzip at byte %d", at), content)...)
		}
	}
	if bytes.Contains(data, []byte("PK\x05\x06")) { // the end of a zip file's directory
		list = append(list, unzip(data)...)
	}
	return list
}

func gunzip(data []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	r.Multistream(false)
	return readable(r)
}

// readable is what can be read of r.
func readable(r io.Reader) []byte {
	// An error ends the reading; what came before it counts.
	content, _ := io.ReadAll(io.LimitReader(r, maxMember))
	return content
}

// untar returns the files of a tar archive, or content itself if it is none.
func untar(name string, content []byte) []member {
	var list []member
	for archive := tar.NewReader(bytes.NewReader(content)); ; {
		header, err := archive.Next()
		if err != nil {
			break
		}
		list = append(list, member{name + "!" + header.Name, readable(archive)})
	}
	if len(list) == 0 {
		return []member{{name, content}}
	}
	return list
}

func unzip(data []byte) []member {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil
	}
	var list []member
	for _, file := range archive.File {
		r, err := file.Open()
		if err != nil {
			continue
		}
		list = append(list, member{file.Name, readable(r)})
		_ = r.Close() // it was read
	}
	return list
}
