"""AWS's own service models, from botocore, as the judge of a request's body."""
import re
import threading

import botocore.session
from botocore.validate import ParamValidator

from statements import invalid
from wire import json_error


class Models:
    def __init__(self):
        session = botocore.session.get_session()
        self.models = {s: session.get_service_model(s) for s in ("athena", "glue")}
        self.validator = ParamValidator()
        self.lock = threading.Lock()

    def check(self, service, action, body):
        """Refuses what the model does not allow; unknown members too, which the live service ignores."""
        model = self.models[service]
        if action not in model.operation_names:
            raise json_error("UnknownOperationException")
        with self.lock:  # shapes are cached on first use
            shape = model.operation_model(action).input_shape
            missing = [m for m in shape.required_members if body.get(m) is None]
            if missing:
                texts = [f"Value null at '{m[0].lower()}{m[1:]}' failed to satisfy constraint: Member must not be null" for m in missing]
                raise self.error(service, f"{len(texts)} validation error{'s' if len(texts) > 1 else ''} detected: " + "; ".join(texts))
            report = self.validator.validate(body, shape).generate_report()
            if re.search(r"^(?!Invalid length|Invalid range)", report, re.M) and report:
                raise self.error(service, "STAND: not what AWS's model allows: " + report)
            problems = []
            self.limits(shape, body, "", problems)
            if problems:
                raise self.error(service, f"{len(problems)} validation error detected: " + "; ".join(problems))

    def error(self, service, message):
        return invalid("INVALID_INPUT", message) if service == "athena" else json_error("InvalidInputException", message)

    def limits(self, shape, value, name, problems):
        """What botocore leaves to the service: greatest lengths, patterns, enumerations."""
        if shape.type_name == "structure":
            for member, inner in value.items():
                if inner is not None:
                    self.limits(shape.members[member], inner, member, problems)
        elif shape.type_name == "list":
            for inner in value:
                self.limits(shape.member, inner, name, problems)
            self.length(shape, len(value), name, problems)
        elif shape.type_name == "map":
            for inner in value.values():
                self.limits(shape.value, inner, name, problems)
        elif shape.type_name == "string":
            self.length(shape, len(value), name, problems)
            pattern = shape.metadata.get("pattern")
            if pattern and "\\p{" not in pattern and "\\u" not in pattern and not re.fullmatch(pattern, value):
                problems.append(f"Value '{value}' at '{self.lower(name)}' failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern}")
            if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
                problems.append(f"Value '{value}' at '{self.lower(name)}' failed to satisfy constraint: Member must satisfy enum value set: {shape.metadata['enum']}")
        elif shape.type_name in ("integer", "long"):
            least, most = shape.metadata.get("min"), shape.metadata.get("max")
            if least is not None and value < least:
                problems.append(f"Value '{value}' at '{self.lower(name)}' failed to satisfy constraint: Member must have value greater than or equal to {least}")
            if most is not None and value > most and name != "MaxResults":
                problems.append(f"Value '{value}' at '{self.lower(name)}' failed to satisfy constraint: Member must have value less than or equal to {most}")

    def length(self, shape, length, name, problems):
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
        if length < int(least):
            problems.append(f"Value at '{self.lower(name)}' failed to satisfy constraint: Member must have length greater than or equal to {least}")
        if most is not None and length > int(most):
            problems.append(f"Value at '{self.lower(name)}' failed to satisfy constraint: Member must have length less than or equal to {most}")

    def lower(self, name):
        return name[:1].lower() + name[1:]
