// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// apiFields returns a struct as Cloudflare's API has it: the fields with a tag
// api, under the name that it gives, without those that are empty. (Tags of
// encoding/json would do, if infer did not read them too.)
func apiFields(v reflect.Value) (map[string]any, error) {
	fields := map[string]any{}
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("api")
		if name == "" || v.Field(i).IsZero() {
			continue
		}
		value, err := apiValue(v.Field(i))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		fields[name] = value
	}
	return fields, nil
}

func apiValue(v reflect.Value) (any, error) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if _, custom := reflect.TypeAssert[json.Marshaler](v); v.Kind() == reflect.Struct && !custom {
		return apiFields(v)
	}
	return v.Interface(), nil
}

// setAPIFields is the inverse of [apiFields]. Fields that the struct does not have are ignored.
func setAPIFields(v reflect.Value, fields map[string]json.RawMessage) error {
	for i := range v.NumField() {
		text, there := fields[v.Type().Field(i).Tag.Get("api")]
		if !there || string(text) == "null" {
			continue
		}
		if err := setAPIValue(v.Field(i), text); err != nil {
			return fmt.Errorf("%s: %w", v.Type().Field(i).Tag.Get("api"), err)
		}
	}
	return nil
}

func setAPIValue(v reflect.Value, text json.RawMessage) error {
	target := v
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		target = v.Elem()
	}
	if _, custom := reflect.TypeAssert[json.Unmarshaler](target.Addr()); target.Kind() != reflect.Struct || custom {
		return json.Unmarshal(text, target.Addr().Interface())
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	return setAPIFields(target, fields)
}
