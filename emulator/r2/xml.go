// SPDX-License-Identifier: Apache-2.0

package r2

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxXML bounds a document from a client: 1000 keys of 1024 bytes, each escaped, and 10000 parts both fit.
const maxXML = 8 << 20

var errMalformedXML = &Error{
	Code: "MalformedXML", V4Code: ErrInvalidArgument.V4Code, Status: http.StatusBadRequest,
	Message: "The XML you provided was not well formed or did not validate against our published schema.",
}

// xmlTime is a time as S3 writes it: ISO 8601 with milliseconds.
type xmlTime time.Time

// MarshalText implements [encoding.TextMarshaler].
func (t xmlTime) MarshalText() ([]byte, error) {
	return []byte(time.Time(t).UTC().Format("2006-01-02T15:04:05.000Z")), nil
}

// xmlNumber is an integer in a document from a client. Anything else makes the document malformed.
type xmlNumber int

// UnmarshalText implements [encoding.TextUnmarshaler].
func (n *xmlNumber) UnmarshalText(text []byte) error {
	value, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	*n = xmlNumber(value)
	return err
}

// writeXML answers 200 with a document. Its root carries the S3 namespace, which encoding/xml puts on the root alone if
// the field that names it does.
func (r *request) writeXML(document any) error {
	body, err := xml.Marshal(document)
	if err != nil {
		return err
	}
	body = append([]byte(xml.Header[:len(xml.Header)-1]), body...)
	r.w.Header().Set("Content-Type", "application/xml")
	r.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	r.w.WriteHeader(http.StatusOK)
	_, _ = r.w.Write(body) // The client is gone if this fails.
	return nil
}

// parseXML accepts one document and nothing after it.
func parseXML(text []byte, document any) error {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(document); err != nil {
		return errMalformedXML
	}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errMalformedXML
		}
		switch token := token.(type) {
		case xml.Comment, xml.ProcInst:
		case xml.CharData:
			if len(bytes.TrimSpace(token)) > 0 {
				return errMalformedXML
			}
		default:
			return errMalformedXML
		}
	}
}

// errorDocument renders an error: unlike other documents it has no namespace.
func errorDocument(e *Error) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><Error>`)
	for _, field := range append([]ErrorField{{"Code", e.Code}, {"Message", e.Message}}, e.Fields...) {
		b.WriteString("<" + field.Name + ">")
		_ = xml.EscapeText(&b, []byte(field.Value)) // A buffer takes everything.
		b.WriteString("</" + field.Name + ">")
	}
	b.WriteString("</Error>")
	return b.Bytes()
}
