// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// dnsRecord is a DNS record, in the shape of the API (cloudflare-go dns.RecordResponse).
type dnsRecord struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Type      string          `json:"type"`
	Content   string          `json:"content"`
	Proxiable bool            `json:"proxiable"`
	Proxied   bool            `json:"proxied"`
	TTL       int             `json:"ttl"`
	Priority  *int            `json:"priority,omitempty"`
	Comment   *string         `json:"comment"`
	Tags      []string        `json:"tags"`
	Data      json.RawMessage `json:"data,omitempty"`
	Settings  json.RawMessage `json:"settings"`
	Meta      json.RawMessage `json:"meta"`
	Created   timestamp       `json:"created_on"`
	Modified  timestamp       `json:"modified_on"`
}

// listRecords answers GET /zones/{zone}/dns_records with the filters of cloudflare-go dns.RecordListParams: name,
// content, comment and their .exact, .contains, .startswith and .endswith forms, type, proxied, match, order and
// direction.
func listRecords(c *call) (any, error) {
	records := sorted(c.zone.Records)
	records = slices.DeleteFunc(records, func(r *dnsRecord) bool { return !c.wants(r) })
	slices.SortStableFunc(records, func(a, b *dnsRecord) int {
		order := cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Type, b.Type))
		switch c.query("order") {
		case "type":
			order = strings.Compare(a.Type, b.Type)
		case "content":
			order = strings.Compare(a.Content, b.Content)
		}
		if c.query("direction") == "desc" {
			return -order
		}
		return order
	})
	return paged(c.r, records, 100), nil
}

// wants reports whether the record passes the filters of a list.
func (c *call) wants(r *dnsRecord) bool {
	var passed []bool
	for name, values := range c.r.URL.Query() {
		field, how, _ := strings.Cut(name, ".")
		var have string
		switch field {
		case "name":
			have = r.Name
		case "content":
			have = r.Content
		case "comment":
			if r.Comment != nil {
				have = *r.Comment
			}
		case "type":
			have = r.Type
		case "proxied":
			have = map[bool]string{true: "true", false: "false"}[r.Proxied]
		default:
			continue
		}
		passed = append(passed, matches(strings.ToLower(have), strings.ToLower(values[0]), how))
	}
	if c.query("match") == "any" && len(passed) > 0 {
		return slices.Contains(passed, true)
	}
	return !slices.Contains(passed, false)
}

func matches(have, want, how string) bool {
	switch how {
	case "contains":
		return strings.Contains(have, want)
	case "startswith":
		return strings.HasPrefix(have, want)
	case "endswith":
		return strings.HasSuffix(have, want)
	case "present":
		return have != ""
	case "absent":
		return have == ""
	}
	return have == want
}

// record returns the record that the path names.
func (c *call) record() (*dnsRecord, error) {
	if record := c.zone.Records[c.path("record")]; record != nil {
		return record, nil
	}
	// zanjie1999/cloudflare-api-v4-ddns issue 5 quotes the answer.
	return nil, refuse(http.StatusNotFound, 81044, "Record does not exist.")
}

// getRecord answers GET /zones/{zone}/dns_records/{record}.
func getRecord(c *call) (any, error) { return c.record() }

// createRecord answers POST /zones/{zone}/dns_records.
func createRecord(c *call) (any, error) {
	record := &dnsRecord{}
	return c.keepRecord(record)
}

// replaceRecord answers PUT /zones/{zone}/dns_records/{record}.
func replaceRecord(c *call) (any, error) {
	old, err := c.record()
	if err != nil {
		return nil, err
	}
	return c.keepRecord(&dnsRecord{ID: old.ID, Created: old.Created})
}

// editRecord answers PATCH /zones/{zone}/dns_records/{record}.
func editRecord(c *call) (any, error) {
	old, err := c.record()
	if err != nil {
		return nil, err
	}
	record := *old
	return c.keepRecord(&record)
}

// keepRecord reads the body into the record, checks it and keeps it.
func (c *call) keepRecord(record *dnsRecord) (any, error) {
	id, created := record.ID, record.Created
	if err := c.decode(record, 9207); err != nil {
		return nil, err
	}
	record.ID, record.Created, record.Modified = cmp.Or(id, newID()), created, c.now()
	if id == "" {
		record.Created = record.Modified
	}
	record.Type = strings.ToUpper(record.Type)
	record.Name = c.zone.fullName(record.Name)
	if record.TTL == 0 || record.Proxied {
		record.TTL = 1 // automatic; proxied records have no other (developers.cloudflare.com/dns/manage-dns-records)
	}
	record.Proxiable = slices.Contains([]string{"A", "AAAA", "CNAME"}, record.Type)
	record.Settings = orEmpty(record.Settings)
	record.Meta = json.RawMessage("{}")
	if record.Tags == nil {
		record.Tags = []string{}
	}
	if err := c.zone.check(record); err != nil {
		return nil, err
	}
	c.zone.Records[record.ID] = record
	return record, nil
}

// fullName returns the record name with the zone's name at its end; "@" is the zone itself.
func (z *zone) fullName(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	switch {
	case name == "@" || name == "" || name == z.Name:
		return z.Name
	case strings.HasSuffix(name, "."+z.Name):
		return name
	}
	return name + "." + z.Name
}

// check refuses a record that the zone cannot have. Codes and texts are quoted in public: 9005 in
// timothymiller/cloudflare-ddns issue 230, 9006 in wherelse/cloudflare-ddns-script issue 15, 9004, 81053 and 81058 in
// many places; 1004 is the one for whatever else is wrong.
func (z *zone) check(record *dnsRecord) error {
	address, err := netip.ParseAddr(record.Content)
	switch {
	case record.Type == "A" && (err != nil || !address.Is4()):
		return refuse(http.StatusBadRequest, 9005, "Content for A record must be a valid IPv4 address.")
	case record.Type == "AAAA" && (err != nil || !address.Is6()):
		return refuse(http.StatusBadRequest, 9006, "Content for AAAA record must be a valid IPv6 address.")
	case record.Type == "":
		return refuse(http.StatusBadRequest, 1004, "DNS Validation Error")
	case record.Proxied && !record.Proxiable:
		return refuse(http.StatusBadRequest, 9004, "This record type cannot be proxied.")
	}
	host := []string{"A", "AAAA", "CNAME"}
	for _, other := range z.Records {
		if other.ID == record.ID || other.Name != record.Name {
			continue
		}
		if other.Type == record.Type && other.Content == record.Content {
			return refuse(http.StatusBadRequest, 81058, "An identical record already exists.")
		}
		if slices.Contains(host, other.Type) && slices.Contains(host, record.Type) &&
			(other.Type == "CNAME" || record.Type == "CNAME") {
			return refuse(http.StatusBadRequest, 81053,
				"An A, AAAA, or CNAME record with that host already exists.")
		}
	}
	return nil
}

// deleteRecord answers DELETE /zones/{zone}/dns_records/{record} (cloudflare-go dns.RecordDeleteResponse).
func deleteRecord(c *call) (any, error) {
	record, err := c.record()
	if err != nil {
		return nil, err
	}
	delete(c.zone.Records, record.ID)
	return map[string]any{"id": record.ID}, nil
}

// orEmpty returns value, or an empty JSON object if there is none.
func orEmpty(value json.RawMessage) json.RawMessage {
	if len(value) == 0 {
		return json.RawMessage("{}")
	}
	return value
}
