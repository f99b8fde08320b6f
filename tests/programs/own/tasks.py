"""A queue in folders, whose worker processes are started by celery."""

from celery import Celery

FOLDER = "/tmp/queue"
app = Celery("own", broker="filesystem://", backend=f"file://{FOLDER}")
app.conf.broker_transport_options = {
    "data_folder_in": FOLDER,
    "data_folder_out": FOLDER,
    "control_folder": f"{FOLDER}-control",
}


@app.task
def square(number: int) -> int:
    return number * number
