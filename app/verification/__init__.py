"""The page that verifies certificates: by itself, or with this server's word as well."""
