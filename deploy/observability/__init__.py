"""What operators watch: alerting rules (`rules.yml`) and dashboards, as code."""
