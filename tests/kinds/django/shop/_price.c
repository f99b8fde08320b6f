#include <Python.h>

static PyObject *total(PyObject *self, PyObject *args)
{
    long count, price;
    if (!PyArg_ParseTuple(args, "ll", &count, &price))
        return NULL;
    return PyLong_FromLong(count * price);
}

static PyMethodDef methods[] = {{"total", total, METH_VARARGS, ""}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_price", "", -1, methods};

PyMODINIT_FUNC PyInit__price(void)
{
    return PyModule_Create(&module);
}
