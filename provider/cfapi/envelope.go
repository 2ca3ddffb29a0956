// SPDX-License-Identifier: Apache-2.0

package cfapi

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strconv"
	"strings"
)

// maxCodes bounds how many entries of an errors array are kept.
const maxCodes = 16

// envelope is what surrounds every response of Cloudflare's API.
type envelope struct {
	Success *bool           `json:"success"`
	Errors  []envelopeError `json:"errors"`
}

type envelopeError struct {
	Code       json.RawMessage `json:"code"`
	Message    string          `json:"message"`
	ErrorChain []envelopeError `json:"error_chain"`
}

// decodeCodes reads the errors of a response of Cloudflare's API. Whatever it
// cannot read, it leaves out.
func decodeCodes(body []byte) []Code {
	var env envelope
	if json.Unmarshal(body, &env) != nil {
		return nil
	}
	return flatten(nil, env.Errors)
}

// flatten appends the codes of errors to codes, each before those of its chain,
// which say more precisely what is wrong.
func flatten(codes []Code, errors []envelopeError) []Code {
	for _, e := range errors {
		if len(codes) == maxCodes {
			break
		}
		// Some of Cloudflare's services write the number as a string.
		number, err := strconv.Atoi(strings.Trim(string(e.Code), `"`))
		if err != nil {
			number = 0
		}
		if number != 0 || e.Message != "" {
			codes = append(codes, Code{Code: number, Message: e.Message})
		}
		codes = flatten(codes, e.ErrorChain)
	}
	return codes
}

// s3Fault is the body of an error of R2's S3 endpoint.
type s3Fault struct {
	XMLName xml.Name `xml:"Error"`
	Code    string   `xml:"Code"`
	Message string   `xml:"Message"`
}

// decodeFault reads an error of R2's S3 endpoint; code is empty if there is none.
func decodeFault(body []byte) (code, message string) {
	var fault s3Fault
	if xml.NewDecoder(bytes.NewReader(body)).Decode(&fault) != nil {
		return "", ""
	}
	return fault.Code, fault.Message
}
